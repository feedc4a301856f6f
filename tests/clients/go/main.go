// Gets credentials as any program with the AWS SDK does, asks who it is, and prints both.
//
//	caller STS-URL
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion("eu-west-1"))
	if err != nil {
		log.Fatal(err)
	}
	client := sts.NewFromConfig(settings, func(options *sts.Options) {
		options.BaseEndpoint = aws.String(os.Args[1])
	})
	answer, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		log.Fatal(err)
	}
	credentials, err := settings.Credentials.Retrieve(ctx)
	if err != nil {
		log.Fatal(err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]string{
		"arn": *answer.Arn, "accessKeyId": credentials.AccessKeyID})
}

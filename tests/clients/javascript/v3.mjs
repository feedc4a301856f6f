// Gets credentials as any program with the AWS SDK does, asks who it is, and prints both.
//   node v3.mjs STS-URL
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";

const credentials = fromNodeProviderChain();
const sts = new STSClient({ region: "eu-west-1", endpoint: process.argv[2], credentials });
const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
const { accessKeyId, expiration } = await credentials();
console.log(JSON.stringify({ arn: Arn, accessKeyId, expiration }));

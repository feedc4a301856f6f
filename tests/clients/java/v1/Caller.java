import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.DefaultAWSCredentialsProviderChain;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.securitytoken.AWSSecurityTokenService;
import com.amazonaws.services.securitytoken.AWSSecurityTokenServiceClientBuilder;
import com.amazonaws.services.securitytoken.model.GetCallerIdentityRequest;

// Gets credentials as any program with the AWS SDK does, asks who it is, and prints both.
//   java Caller STS-URL
public class Caller {
  public static void main(String[] arguments) {
    AWSCredentialsProvider credentials = DefaultAWSCredentialsProviderChain.getInstance();
    AWSSecurityTokenService sts =
        AWSSecurityTokenServiceClientBuilder.standard()
            .withEndpointConfiguration(new EndpointConfiguration(arguments[0], "eu-west-1"))
            .withCredentials(credentials)
            .build();
    String arn = sts.getCallerIdentity(new GetCallerIdentityRequest()).getArn();
    System.out.printf(
        "{\"arn\": \"%s\", \"accessKeyId\": \"%s\"}%n",
        arn, credentials.getCredentials().getAWSAccessKeyId());
    System.exit(0); // its threads of HTTP would go on for a minute
  }
}

import java.net.URI;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;

// Gets credentials as any program with the AWS SDK does, asks who it is, and prints both.
//   java Caller STS-URL
public class Caller {
  public static void main(String[] arguments) {
    try (DefaultCredentialsProvider credentials = DefaultCredentialsProvider.create();
        StsClient sts =
            StsClient.builder()
                .region(Region.EU_WEST_1)
                .endpointOverride(URI.create(arguments[0]))
                .credentialsProvider(credentials)
                .build()) {
      String arn = sts.getCallerIdentity().arn();
      System.out.printf(
          "{\"arn\": \"%s\", \"accessKeyId\": \"%s\"}%n",
          arn, credentials.resolveCredentials().accessKeyId());
    }
  }
}

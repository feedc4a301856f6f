#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace rolecall::aws {
namespace {

Credentials example_key() {
  Credentials credentials;
  credentials.access_key_id = "AKIDEXAMPLE";
  credentials.secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  return credentials;
}

// The case post-x-www-form-urlencoded of AWS's Signature Version 4 test suite.
TEST(SigV4, CaseOfTheTestSuite) {
  const FormRequest request{"example.amazonaws.com", "us-east-1", "service", "Param1=value1"};
  const auto headers = sign_form(request, example_key(), *parse_amz_date("20150830T123600Z"));
  EXPECT_EQ(*http::find(headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

// Made with botocore 1.29 (botocore.auth.SigV4Auth).
TEST(SigV4, WithASessionToken) {
  Credentials credentials = example_key();
  credentials.session_token = Secret("TOKEN/with+characters==");
  const FormRequest request{"sts.eu-west-1.amazonaws.com", "eu-west-1", "sts",
                            "Action=GetCallerIdentity&Version=2011-06-15"};
  const auto headers = sign_form(request, credentials, *parse_amz_date("20261129T010203Z"));
  EXPECT_EQ(*http::find(headers, "X-Amz-Security-Token"), "TOKEN/with+characters==");
  EXPECT_EQ(*http::find(headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/eu-west-1/sts/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
            "Signature=20252e0bb501b79e936fff83cb48fde277d717ea98c39a7790d2b2dbaf422528");
}

}  // namespace
}  // namespace rolecall::aws

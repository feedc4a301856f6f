#include "aws_files/precedence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolecall::aws {
namespace {

TEST(Precedence, KnowsVariablesByNameAndByBeginning) {
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECURITY_TOKEN", "AWS_BEARER_TOKEN_BEDROCK",
                           "AWS_CONTAINER_AUTHORIZATION_TOKEN", "EC2_SECRET_KEY"})
    EXPECT_NE(credential_variable(name), nullptr) << name;
  for (const char* name : {"AWS_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
                           "AWS_ACCESS_KEY_ID_2", "aws_access_key_id", "BOTO_CONFIG", "HOME", ""})
    EXPECT_EQ(credential_variable(name), nullptr) << name;
}

TEST(Precedence, AKeyTakesItAndItsSecretDoesNot) {
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AMAZON_ACCESS_KEY_ID",
                           "EC2_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"}) {
    EXPECT_FALSE(credential_variable(name)->precedence_over_endpoint.empty()) << name;
    EXPECT_FALSE(credential_variable(name)->precedence_over_profile.empty()) << name;
  }
  for (const char* name : {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN",
                           "AWS_CONTAINER_AUTHORIZATION_TOKEN"}) {
    EXPECT_TRUE(credential_variable(name)->precedence_over_endpoint.empty()) << name;
    EXPECT_TRUE(credential_variable(name)->precedence_over_profile.empty()) << name;
  }
}

TEST(Precedence, TheMoreExactRowCounts) {
  EXPECT_FALSE(
      credential_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")->precedence_over_profile.empty());
  EXPECT_TRUE(
      credential_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")->precedence_over_endpoint.empty());
  EXPECT_EQ(credential_variable("AWS_CONTAINER_OTHER")->name, "AWS_CONTAINER_*");
}

TEST(Precedence, NamesAndPatterns) {
  EXPECT_TRUE(is_named("sso_session", "sso_*"));
  EXPECT_FALSE(is_named("sso", "sso_*"));
  EXPECT_TRUE(is_named("role_arn", "role_arn"));
  EXPECT_FALSE(is_named("role_arn_2", "role_arn"));
}

}  // namespace
}  // namespace rolecall::aws

#include "aws/session_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

using testing::HasSubstr;

SessionOptions good_options() {
  SessionOptions options;
  options.role_arn = "arn:aws:iam::123456789012:role/path/demo";
  options.profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/1";
  options.trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/2";
  return options;
}

std::string refusal_of(const SessionOptions& options) {
  try {
    prepare_session(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "no error";
}

TEST(PrepareSession, MakesTheBody) {
  SessionOptions options = good_options();
  options.role_session_name = "me@host";
  const SessionRequest request = prepare_session(options);
  EXPECT_EQ(request.region, "us-east-1");
  EXPECT_EQ(request.origin.text(), "https://rolesanywhere.us-east-1.amazonaws.com");
  EXPECT_EQ(request.body,
            R"({"durationSeconds":3600,)"
            R"("profileArn":"arn:aws:rolesanywhere:us-east-1:123456789012:profile/1",)"
            R"("roleArn":"arn:aws:iam::123456789012:role/path/demo","roleSessionName":"me@host",)"
            R"("trustAnchorArn":"arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/2"})");
}

TEST(PrepareSession, RefusesWhatDisagrees) {
  SessionOptions options = good_options();
  options.region = "eu-west-1";
  EXPECT_THAT(refusal_of(options), HasSubstr("`region` is eu-west-1"));
  options = good_options();
  options.profile_arn = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/1";
  EXPECT_THAT(refusal_of(options), HasSubstr("region of `profile-arn`"));
  options = good_options();
  options.role_arn = "arn:aws-cn:iam::123456789012:role/demo";
  EXPECT_THAT(refusal_of(options), HasSubstr("partition of `role-arn`"));
  options = good_options();
  options.endpoint = "https://localhost";
  options.use_fips = true;
  EXPECT_THAT(refusal_of(options), HasSubstr("`use-fips`"));
}

TEST(PrepareSession, ChecksDurationAndName) {
  for (const int duration : {-1, 0, 899, 43201}) {
    SessionOptions options = good_options();
    options.session_duration = std::chrono::seconds(duration);
    EXPECT_THAT(refusal_of(options), HasSubstr("`session-duration`"));
  }
  for (const std::string name : {"a", "a b", "ä#", "x/y"}) {
    SessionOptions options = good_options();
    options.role_session_name = name;
    EXPECT_THAT(refusal_of(options), HasSubstr("`role-session-name`"));
  }
  SessionOptions options = good_options();
  options.role_session_name = std::string(65, 'a');
  EXPECT_THAT(refusal_of(options), HasSubstr("`role-session-name`"));
}

}  // namespace
}  // namespace rolecall::aws

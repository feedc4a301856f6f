#include "aws/create_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/time.h"
#include "identity/identity.h"
#include "unit/support/certificates.h"

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

std::string refusal(const SessionOptions& options) {
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
  EXPECT_THAT(refusal(options), HasSubstr("`region` is eu-west-1"));
  options = good_options();
  options.profile_arn = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/1";
  EXPECT_THAT(refusal(options), HasSubstr("region of `profile-arn`"));
  options = good_options();
  options.role_arn = "arn:aws-cn:iam::123456789012:role/demo";
  EXPECT_THAT(refusal(options), HasSubstr("partition of `role-arn`"));
  options = good_options();
  options.endpoint = "https://localhost";
  options.use_fips = true;
  EXPECT_THAT(refusal(options), HasSubstr("`use-fips`"));
}

TEST(PrepareSession, ChecksDurationAndName) {
  for (const int seconds : {-1, 0, 899, 43201}) {
    SessionOptions options = good_options();
    options.session_duration = std::chrono::seconds(seconds);
    EXPECT_THAT(refusal(options), HasSubstr("`session-duration`"));
  }
  for (const std::string name : {"a", "a b", "ä#", "x/y"}) {
    SessionOptions options = good_options();
    options.role_session_name = name;
    EXPECT_THAT(refusal(options), HasSubstr("`role-session-name`"));
  }
  SessionOptions options = good_options();
  options.role_session_name = std::string(65, 'a');
  EXPECT_THAT(refusal(options), HasSubstr("`role-session-name`"));
}

json good_answer() {
  return json::parse(R"({"credentialSet":[{
    "assumedRoleUser":{"arn":"arn:aws:sts::123456789012:assumed-role/demo/x","assumedRoleId":"A:x"},
    "credentials":{"accessKeyId":"ASIAEXAMPLE","secretAccessKey":"sEcReT0000000000000000",
      "sessionToken":"tOkEn0000000000000000","expiration":"2026-11-23T18:51:52Z"}}]})");
}

http::Response answer(int status, const std::string& body, http::Headers headers = {}) {
  http::Response response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = Secret(body);
  return response;
}

TEST(ReadCredentials, TakesTheDocumentedShape) {
  const Credentials credentials =
      read_credentials(answer(201, good_answer().dump()), "https://host");
  EXPECT_EQ(
      Secret(credential_process_json(credentials).view()).view(),
      R"({"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"sEcReT0000000000000000",)"
      R"("SessionToken":"tOkEn0000000000000000","Expiration":"2026-11-23T18:51:52Z",)"
      R"("AccountId":"123456789012"})");
}

TEST(ReadCredentials, RefusesAllElseWithoutRepeatingIt) {
  std::vector<std::string> bodies = {"",
                                     "<html>",
                                     "[]",
                                     "null",
                                     "{}",
                                     R"({"credentialSet":[]})",
                                     R"({"credentialSet":[null]})",
                                     R"({"credentialSet":{}})"};
  for (const char* name : {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}) {
    for (const json& value : {json(), json(1), json(""), json("a b"), json("a\nb"), json("ü")}) {
      json body = good_answer();
      body["credentialSet"][0]["credentials"][name] = value;
      bodies.push_back(body.dump());
    }
    json body = good_answer();
    body["credentialSet"][0]["credentials"].erase(name);
    bodies.push_back(body.dump());
  }
  bodies.push_back(good_answer().dump().substr(0, 200));
  for (const std::string& body : bodies) {
    try {
      read_credentials(answer(200, body), "https://host");
      ADD_FAILURE() << body;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::failed);
      for (const char* secret : {"sEcReT", "tOkEn"}) {
        EXPECT_EQ(std::string(error.what()).find(secret), std::string::npos) << body;
      }
    }
  }
}

class ServiceError : public testing::Test {
 protected:
  Error error(int status, const std::string& body, http::Headers headers = {}) const {
    const identity::Identity identity{{test::der(leaf_.get()), "test"}, {}, nullptr};
    return service_error(answer(status, body, std::move(headers)), "https://host", identity,
                         test::now);
  }
  const test::Entity leaf_ =
      test::make(test::Recipe().with(NID_key_usage, "keyEncipherment"), nullptr);
};

TEST_F(ServiceError, NameFromHeaderOrBody) {
  const http::Headers header = {
      {"x-amzn-errortype", "com.amazonaws#ValidationException:http://internal/"},
      {"x-amzn-requestid", "id-1"}};
  EXPECT_STREQ(
      error(400, R"({"message":"Bad."})", header).what(),
      "the service refused: ValidationException: Bad (https://host, HTTP 400, request id id-1)");
  EXPECT_THAT(error(403, R"({"__type":"a.b#AccessDeniedException","Message":"No"})").what(),
              HasSubstr("AccessDeniedException: No"));
  EXPECT_THAT(error(404, R"({"code":"ResourceNotFoundException"})").what(),
              HasSubstr("ResourceNotFoundException"));
  EXPECT_THAT(error(403, "<html>").what(), HasSubstr("no error that IAM Roles Anywhere"));
}

TEST_F(ServiceError, KindFollowsWhatMayPass) {
  for (const int status : {429, 500, 501, 502, 503, 504, 505, 507, 511, 520, 599}) {
    EXPECT_EQ(error(status, "").kind(), ErrorKind::try_later) << status;
  }
  for (const int status : {301, 400, 403, 404}) {
    EXPECT_EQ(error(status, "").kind(), ErrorKind::failed) << status;
  }
  for (const char* name :
       {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}) {
    EXPECT_EQ(error(400, json{{"__type", name}}.dump()).kind(), ErrorKind::try_later) << name;
  }
}

TEST_F(ServiceError, UntrustedNamesTheUnmetDemand) {
  EXPECT_THAT(error(403, R"({"message":"Untrusted certificate. Insufficient certificate"})").hint(),
              HasSubstr("keyUsage of CN=leaf lacks digitalSignature"));
}

TEST_F(ServiceError, TextFromTheNetworkIsTamed) {
  const std::string what =
      error(400, json{{"message", "a\x1b[31m\nb" + std::string(5000, 'x')}}.dump()).what();
  EXPECT_EQ(what.find('\x1b'), std::string::npos);
  EXPECT_EQ(what.find('\n'), std::string::npos);
  EXPECT_LT(what.size(), 1000U);
}

}  // namespace
}  // namespace rolecall::aws

#include "aws/service_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "unit/support/answers.h"
#include "unit/support/certificates.h"

namespace rolecall::aws {
namespace {

using test::answer;
using testing::HasSubstr;

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

TEST_F(ServiceError, TheKindSaysWhetherTheErrorMayPass) {
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

TEST_F(ServiceError, UntrustedNamesTheUnmetRequirement) {
  EXPECT_THAT(error(403, R"({"message":"Untrusted certificate. Insufficient certificate"})").hint(),
              HasSubstr("keyUsage of CN=leaf lacks digitalSignature"));
}

TEST_F(ServiceError, TextFromTheNetworkIsMadeSafe) {
  const std::string what =
      error(400, json{{"message", "a\x1b[31m\nb" + std::string(5000, 'x')}}.dump()).what();
  EXPECT_EQ(what.find('\x1b'), std::string::npos);
  EXPECT_EQ(what.find('\n'), std::string::npos);
  EXPECT_LT(what.size(), 1000U);
}

TEST_F(ServiceError, ResponsesThatTheServiceNeverSendsAreFromAnotherServer) {
  EXPECT_TRUE(is_from_service(answer(403, R"({"code":"AccessDeniedException"})")));
  EXPECT_TRUE(is_from_service(answer(500, "", {{"x-amzn-errortype", "InternalException"}})));
  for (const int status : {302, 403, 511})
    EXPECT_FALSE(is_from_service(answer(status, "<html>"))) << status;
  EXPECT_FALSE(is_from_service(answer(511, R"({"code":"AccessDeniedException"})")));
  EXPECT_THAT(error(511, "").what(), HasSubstr("requires a login first"));
}

TEST_F(ServiceError, ARedirectIsShownWithoutItsSecrets) {
  const auto shown = [this](const std::string& location) -> std::string {
    return error(302, "", {{"Location", location}}).what();
  };
  EXPECT_EQ(shown("https://portal/login?token=secret"),
            "https://host answered with a redirect to https://portal/login (HTTP 302)");
  for (const char* location :
       {"https://user:secret@portal/login#secret", "https://portal/login;jsessionid=secret",
        "https:\\\\user:secret@portal/login", "//user:secret@portal/login"}) {
    EXPECT_EQ(shown(location).find("secret"), std::string::npos) << location;
    EXPECT_THAT(shown(location), HasSubstr("portal/login")) << location;
  }
  EXPECT_THAT(error(307, "").what(), HasSubstr("answered with a redirect (HTTP 307)"));
}

TEST_F(ServiceError, HintsSayWhatToDo) {
  struct Case {
    int status;
    std::string body;
    const char* hint;
  };
  for (const Case& one : std::vector<Case>{
           {429, "", "quota"},
           {500, "<html>", "proxy or gateway"},
           {500, R"({"code":"InternalException"})", "the service has an internal problem"},
           {403, R"({"code":"AccessDeniedException","message":"Invalid signature"})", "clock"},
           {400, R"({"code":"ValidationException","message":"roleSessionName"})",
            "--accept-role-session-name"},
           {403, R"({"code":"AccessDeniedException","message":"Unable to assume role"})",
            "trust policy"},
           {404, R"({"code":"ResourceNotFoundException"})", "`trust-anchor-arn`"},
           {403, R"({"code":"AccessDeniedException"})", "enabled"},
           {400, R"({"code":"ValidationException"})", "`session-duration`"},
           {400, R"({"code":"OtherException"})", "AWS support"},
           {400, "", "is the endpoint really IAM Roles Anywhere"}}) {
    EXPECT_THAT(error(one.status, one.body).hint(), HasSubstr(one.hint)) << one.body;
  }
}

TEST_F(ServiceError, NamesTheAttributesThatCannotBeMapped) {
  const std::string hint =
      error(400, R"({"code":"ValidationException","message":"X failed to be mapped. )"
                 R"(Issuer: [ CN ]; Subject: [ ]; SAN: [ DNS/2 ]"})")
          .hint();
  EXPECT_THAT(hint, HasSubstr("session tag"));
  EXPECT_THAT(hint, HasSubstr("x509Issuer"));
  EXPECT_THAT(hint, HasSubstr("x509SAN"));
}

}  // namespace
}  // namespace rolecall::aws

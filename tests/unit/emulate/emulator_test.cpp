#include "emulate/emulator.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "rolecall/error.h"
#include "unit/emulate/support.h"

namespace rolecall::emulate {
namespace {

class EmulatorTest : public testing::Test {
 protected:
  Options options() const {
    Options made;
    made.trust_anchor = {"trust anchor file", test::pem(root)};
    return made;
  }
  static json body_of(const LoggedResponse& answer) {
    return json::parse(answer.response.body.view());
  }
  static std::string header_of(const LoggedResponse& answer, const char* name) {
    const std::string* value = http::find(answer.response.headers, name);
    return value == nullptr ? "" : *value;
  }
  LoggedResponse ask(Emulator& emulator, const test::SessionRecipe& recipe = {}) const {
    test::SessionRecipe with_chain = recipe;
    if (with_chain.chain.empty()) with_chain.chain = {middle};
    return emulator.handle(test::sign_session(leaf, with_chain), test::now);
  }

  test::Entity root = test::make_ca("root");
  test::Entity middle = test::make_ca("middle", &root);
  test::Entity leaf = test::make({}, &middle);
};

TEST_F(EmulatorTest, GrantsASessionOfTheDocumentedShape) {
  Emulator emulator(options());
  const LoggedResponse answer = ask(emulator);
  ASSERT_EQ(answer.response.status, 201) << answer.response.body.view();
  const json body = body_of(answer);
  ASSERT_EQ(body.at("credentialSet").size(), 1U);
  const json& set = body.at("credentialSet")[0];
  const json& credentials = set.at("credentials");
  EXPECT_EQ(credentials.at("accessKeyId").get<std::string>().size(), 20U);
  EXPECT_EQ(credentials.at("secretAccessKey").get<std::string>().size(), 40U);
  EXPECT_EQ(credentials.at("sessionToken").get<std::string>().size(), 480U);
  EXPECT_EQ(credentials.at("expiration"), "2026-11-23T18:51:52Z");
  EXPECT_EQ(set.at("assumedRoleUser").at("arn"),
            "arn:aws:sts::123456789012:assumed-role/demo/1234");
  const std::string id = set.at("assumedRoleUser").at("assumedRoleId");
  EXPECT_EQ(id.substr(0, 4) + id.substr(21), "AROA:1234");
  EXPECT_EQ(set.at("roleArn"), "arn:aws:iam::123456789012:role/teams/demo");
  EXPECT_EQ(set.at("sourceIdentity"), "CN=leaf");
  EXPECT_TRUE(set.at("packedPolicySize").is_number_integer());
  EXPECT_EQ(body.at("subjectArn")
                .get<std::string>()
                .rfind("arn:aws:rolesanywhere:us-east-1:123456789012:subject/", 0),
            0U);
  EXPECT_EQ(header_of(answer, "Date"), "Mon, 23 Nov 2026 17:51:52 GMT");
  EXPECT_EQ(header_of(answer, "x-amzn-requestid").size(), 36U);
  EXPECT_EQ(header_of(answer, "Content-Type"), "application/json");
  EXPECT_EQ(header_of(answer, "x-amzn-errortype"), "");
}

TEST_F(EmulatorTest, SessionsAreAsLongAsBothSidesAllow) {
  const auto length = [this](int longest, const std::string& asked) {
    Options made = options();
    made.session_duration_max = std::chrono::seconds(longest);
    Emulator emulator(std::move(made));
    test::SessionRecipe recipe;
    recipe.more = asked;
    return ask(emulator, recipe).log.duration.count();
  };
  EXPECT_EQ(length(3600, ""), 3600);
  EXPECT_EQ(length(900, ""), 900);
  EXPECT_EQ(length(43200, ""), 3600);
  EXPECT_EQ(length(3600, R"(,"durationSeconds":900)"), 900);
  EXPECT_EQ(length(3600, R"(,"durationSeconds":43200)"), 3600);
  EXPECT_EQ(length(43200, R"(,"durationSeconds":43200)"), 43200);
}

TEST_F(EmulatorTest, RefusesWithNameTextAndLog) {
  struct Case {
    std::function<void(test::SessionRecipe&)> spoil;
    int status;
    const char* name;
    const char* text;
  };
  const std::vector<Case> cases = {
      {[](auto& r) { r.serial = "4661"; }, 403, "AccessDeniedException", "Invalid signature: "},
      {[](auto& r) { r.time -= std::chrono::hours(1); }, 403, "AccessDeniedException",
       "Invalid signature: Signature expired"},
      {[](auto& r) { r.region = "us-east-2"; }, 403, "AccessDeniedException",
       "Invalid signature: the credential scope names the region us-east-2"},
      {[](auto& r) { r.role_arn = "x"; }, 400, "ValidationException", "roleArn \"x\""},
      {[](auto& r) { r.chain = {test::make_ca("x")}; }, 403, "AccessDeniedException",
       "Untrusted signing certificate: "},
      {[](auto& r) { r.more = R"(,"roleSessionName":"me")"; }, 403, "AccessDeniedException",
       "Not authorized to set roleSessionName."},
      {[](auto& r) { r.more = R"(,"durationSeconds":1)"; }, 400, "ValidationException",
       "durationSeconds is 1"},
      {[](auto& r) { r.role_arn += "2"; }, 403, "AccessDeniedException",
       "Unable to assume role for arn:aws:iam::123456789012:role/teams/demo2"},
  };
  Options made = options();
  made.allowed_roles = {"arn:aws:iam::123456789012:role/teams/demo"};
  Emulator emulator(std::move(made));
  ASSERT_EQ(ask(emulator).response.status, 201);
  for (const Case& c : cases) {
    test::SessionRecipe recipe;
    c.spoil(recipe);
    const LoggedResponse answer = ask(emulator, recipe);
    const std::string message = body_of(answer).at("message");
    EXPECT_EQ(answer.response.status, c.status) << message;
    EXPECT_EQ(header_of(answer, "x-amzn-errortype"), c.name);
    EXPECT_EQ(message.rfind(c.text, 0), 0U) << message;
    EXPECT_EQ(answer.log.error, c.name);
    EXPECT_EQ(answer.log.reason, message);
    EXPECT_EQ(answer.log.access_key_id, "");
    EXPECT_EQ(header_of(answer, "x-amzn-requestid").size(), 36U);
  }
}

TEST_F(EmulatorTest, TakesASessionNameWhereItIsToldTo) {
  Options made = options();
  made.accept_role_session_name = true;
  Emulator emulator(std::move(made));
  test::SessionRecipe recipe;
  recipe.more = R"(,"roleSessionName":"ci=1")";
  const json set = body_of(ask(emulator, recipe)).at("credentialSet")[0];
  EXPECT_EQ(set.at("assumedRoleUser").at("arn"),
            "arn:aws:sts::123456789012:assumed-role/demo/ci=1");
}

TEST_F(EmulatorTest, LogHasNoSecret) {
  Emulator emulator(options());
  test::SessionRecipe recipe;
  recipe.chain = {middle};
  http::Request request = test::sign_session(leaf, recipe);
  request.peer = "127.0.0.1:9";
  const LoggedResponse answer = emulator.handle(request, test::now);
  const std::string line = log_line(answer.log, std::chrono::milliseconds(7));
  const json set = body_of(answer).at("credentialSet")[0].at("credentials");
  for (const char* name : {"secretAccessKey", "sessionToken"}) {
    EXPECT_EQ(line.find(set.at(name).get<std::string>().substr(0, 20)), std::string::npos);
  }
  const std::string& authorization = test::header(request, "authorization");
  EXPECT_EQ(line.find(authorization.substr(authorization.size() - 30)), std::string::npos);
  EXPECT_EQ(line, R"({"time":"2026-11-23T17:51:52Z","peer":"127.0.0.1:9","method":"POST",)"
                  R"("path":"/sessions","status":201,"subject":"CN=leaf","serial":"4660",)"
                  R"("role":"arn:aws:iam::123456789012:role/teams/demo","sessionName":"1234",)"
                  R"("accessKeyId":")" +
                      set.at("accessKeyId").get<std::string>() +
                      R"(","durationSeconds":3600,"milliseconds":7})");
}

TEST_F(EmulatorTest, BytesThatAreNoTextDoNoHarm) {
  Emulator emulator(options());
  http::Request request;
  request.method = "GET";
  request.path = "/\xff\"\n";
  const LoggedResponse answer = emulator.handle(request, test::now);
  EXPECT_EQ(answer.response.status, 404);
  EXPECT_NO_THROW(body_of(answer));
  EXPECT_TRUE(json::accept(log_line(answer.log, std::chrono::milliseconds(0))));
}

TEST_F(EmulatorTest, UnknownRoutesAreToldWhichExist) {
  Emulator emulator(options());
  for (const auto& [method, path] :
       {std::pair("GET", "/"), std::pair("GET", "/sessions"), std::pair("POST", "/sessions/"),
        std::pair("PUT", "/"), std::pair("POST", "/Sessions")}) {
    http::Request request;
    request.method = method;
    request.path = path;
    const LoggedResponse answer = emulator.handle(request, test::now);
    EXPECT_EQ(answer.response.status, 404) << method << path;
    EXPECT_NE(body_of(answer).at("message").get<std::string>().find("POST /sessions"),
              std::string::npos);
    EXPECT_NE(header_of(answer, "Date"), "");
  }
}

TEST_F(EmulatorTest, Faults) {
  Options made = options();
  for (const char* fault : {"502:1", "429:1", "throttle:1", "broken:1", "empty:1", "truncated:1",
                            "retry-after=4:3", "delay=0.25:1"}) {
    made.faults.push_back(parse_fault(fault));
  }
  Emulator emulator(std::move(made));
  LoggedResponse answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 502);
  EXPECT_EQ(answer.delay, std::chrono::milliseconds(250));
  EXPECT_EQ(header_of(answer, "Retry-After"), "4");
  EXPECT_EQ(answer.log.fault, "502");
  answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 429);
  EXPECT_EQ(header_of(answer, "x-amzn-errortype"), "TooManyRequestsException");
  EXPECT_EQ(answer.delay, std::chrono::milliseconds(0));
  answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 400);
  EXPECT_EQ(header_of(answer, "x-amzn-errortype"), "ThrottlingException");
  answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 201);
  EXPECT_FALSE(json::accept(answer.response.body.view()));
  EXPECT_EQ(header_of(answer, "Retry-After"), "");
  answer = ask(emulator);
  EXPECT_EQ(answer.response.body.view(), R"({"credentialSet":[]})");
  answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 201);
  EXPECT_EQ(answer.response.truncate_after, answer.response.body.size() / 2);
  answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 201);
  EXPECT_EQ(answer.log.fault, "");
  EXPECT_FALSE(answer.response.truncate_after);
}

TEST_F(EmulatorTest, AWrongClockCountsForDateAndVerification) {
  Options made = options();
  made.faults = {parse_fault("clock=+600:1"), parse_fault("clock=-200:1")};
  Emulator emulator(std::move(made));
  LoggedResponse answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 403);
  EXPECT_EQ(header_of(answer, "Date"), "Mon, 23 Nov 2026 18:01:52 GMT");
  answer = ask(emulator);
  EXPECT_EQ(answer.response.status, 201);
  EXPECT_EQ(header_of(answer, "Date"), "Mon, 23 Nov 2026 17:48:32 GMT");
  EXPECT_EQ(body_of(answer).at("credentialSet")[0].at("credentials").at("expiration"),
            "2026-11-23T18:48:32Z");
  EXPECT_EQ(header_of(ask(emulator), "Date"), "Mon, 23 Nov 2026 17:51:52 GMT");
}

TEST_F(EmulatorTest, OptionsThatCannotBeUsedAreUsageErrors) {
  Options no_anchor = options();
  no_anchor.trust_anchor.pem = "x";
  EXPECT_THROW(Emulator(std::move(no_anchor)), Error);
  Options no_role = options();
  no_role.allowed_roles = {"demo"};
  EXPECT_THROW(Emulator(std::move(no_role)), Error);
}

}  // namespace
}  // namespace rolecall::emulate

#include "serve/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

using test::now;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const std::string secret(64, 'f');

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    for (Binding* binding : {&first, &second})
      binding->publish(test::valid_status());
  }
  ServiceOptions options() {
    ServiceOptions made;
    made.address = {"127.0.0.1", 9911, false};
    made.bindings = {&first, &second};
    made.imds = &first;
    made.containers.push_back({&first, Secret(secret)});
    made.containers.push_back({&second, Secret(std::string(64, 'e'))});
    return made;
  }
  http::Response get(Service& service, const std::string& path, const http::Headers& headers = {},
                     aws::Instant when = now) {
    return service.handle(test::request("GET", path, headers), when);
  }

  std::string lines;
  Log log{Log::Format::json, [this](const std::string& line) {
            lines += line;
            return true;
          }};
  Binding first{test::binding_options("first")};
  Binding second{test::binding_options("second")};
};

TEST_F(ServiceTest, GivesEachBindingForItsOwnToken) {
  Service service(options(), log);
  const http::Response answer = get(service, "/credentials/first", {{"Authorization", secret}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(test::body_of(answer)),
            json::parse(R"({"RoleArn":"arn:aws:iam::111122223333:role/some/path/Example",
      "AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secretsecretsecretsecretsecretsecretsecr",
      "Token":"token+token/token==","Expiration":"2026-11-23T19:00:00Z",
      "AccountId":"111122223333"})"));
  EXPECT_EQ(get(service, "/credentials/second", {{"Authorization", secret}}).status, 401);
  EXPECT_EQ(get(service, "/credentials/second", {{"Authorization", std::string(64, 'e')}}).status,
            200);
}

TEST_F(ServiceTest, RefusesWrongTokensAndUnknownBindingsAlike) {
  Service service(options(), log);
  const std::string known =
      test::body_of(get(service, "/credentials/first", {{"Authorization", "x"}}));
  const std::string unknown =
      test::body_of(get(service, "/credentials/none", {{"Authorization", secret}}));
  EXPECT_EQ(known, unknown);
  for (const char* path :
       {"/credentials/none", "/credentials/second", "/credentials/First", "/credentials/%66irst"}) {
    EXPECT_EQ(get(service, path, {{"Authorization", secret}}).status, 401) << path;
  }
  for (const std::string& token :
       {std::string(), secret.substr(1), secret + "f", "Bearer " + secret}) {
    EXPECT_EQ(get(service, "/credentials/first", {{"Authorization", token}}).status, 401);
  }
  EXPECT_EQ(get(service, "/credentials/first").status, 401);
  EXPECT_EQ(service.handle(test::request("POST", "/credentials/first"), now).status, 405);
}

TEST_F(ServiceTest, ExpiredCredentialsAreA503ThatSdksTryAgain) {
  Service service(options(), log);
  const http::Response answer =
      get(service, "/credentials/first", {{"Authorization", secret}}, test::after(3600s));
  EXPECT_EQ(answer.status, 503);
  const json body = json::parse(test::body_of(answer));
  EXPECT_EQ(body.at("code"), "CredentialsUnavailable");
  EXPECT_THAT(body.at("message").get<std::string>(), HasSubstr("expired at 2026-11-23T19:00:00Z"));
}

TEST_F(ServiceTest, WithoutImdsItsPathsAre404) {
  ServiceOptions without = options();
  without.imds = nullptr;
  without.reason_imds_is_off = "of several bindings it could not tell";
  Service service(std::move(without), log);
  const http::Response answer = service.handle(test::request("PUT", "/latest/api/token"), now);
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(test::body_of(answer), HasSubstr("of several bindings it could not tell"));
}

TEST_F(ServiceTest, SlashesAtBothEndsChangeNothing) {
  Service service(options(), log);
  for (const char* path : {"/credentials/first", "//credentials/first", "///credentials/first/"}) {
    EXPECT_EQ(get(service, path, {{"Authorization", secret}}).status, 200) << path;
  }
  for (const char* path : {"/credentials//first", "/credentials/first//", "/", "//", "///"}) {
    EXPECT_NE(get(service, path, {{"Authorization", secret}}).status, 200) << path;
  }
}

TEST_F(ServiceTest, HealthDependsOnAllBindings) {
  Service service(options(), log);
  EXPECT_EQ(get(service, "/healthz").status, 200);
  second.publish({});
  const http::Response answer = get(service, "/healthz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(json::parse(test::body_of(answer)).at("bindings"), json::array({"second"}));
}

TEST_F(ServiceTest, MetricsContainNoSecret) {
  BindingStatus status = test::valid_status();
  status.certificates = {{"leaf",
                          "CN=a \"quoted\" \\ name",
                          {},
                          std::chrono::floor<std::chrono::seconds>(now.wall) + 86400s}};
  status.failed[3] = 7;
  second.publish(status);
  Service service(options(), log);
  get(service, "/credentials/first", {{"Authorization", secret}});
  get(service, "/nowhere");
  const std::string text = test::body_of(get(service, "/metrics", {}, test::after(60s)));
  for (const char* line :
       {"rolecall_credentials_expiry_seconds{binding=\"first\"} 3540\n",
        "rolecall_certificate_expiry_seconds{binding=\"second\",certificate=\"leaf\","
        "subject=\"CN=a \\\"quoted\\\" \\\\ name\"} 86340\n",
        "rolecall_last_success_timestamp_seconds{binding=\"second\"} 1795456800\n",
        "rolecall_renewals_total{binding=\"first\"} 1\n",
        "rolecall_renewal_failures_total{binding=\"second\",reason=\"unreachable\"} 7\n",
        "rolecall_requests_total{route=\"container\",status=\"200\"} 1\n",
        "rolecall_requests_total{route=\"other\",status=\"404\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  for (const char* hidden : {"secretsecret", "token+token", "ASIAEXAMPLE", "ffffffff"}) {
    EXPECT_THAT(text, Not(HasSubstr(hidden)));
  }
}

TEST_F(ServiceTest, EveryResponseHasADate) {
  Service service(options(), log);
  EXPECT_EQ(*http::find(get(service, "/healthz").headers, "date"), "Mon, 23 Nov 2026 18:00:00 GMT");
  EXPECT_EQ(*http::find(get(service, "/nowhere", {}, test::after(1s)).headers, "date"),
            "Mon, 23 Nov 2026 18:00:01 GMT");
}

TEST(Log, TextIsOneSafeLine) {
  std::string lines;
  const Log log(Log::Format::text, [&lines](const std::string& line) {
    lines += line;
    return true;
  });
  log.warning("renewal failed", {{"reason", "a\nb\x1b[31m"}, {"empty", ""}});
  EXPECT_EQ(lines, "rolecall: warning: renewal failed, reason=a b [31m\n");
  lines.clear();
  Log(Log::Format::timed_text, [&lines](const std::string& line) {
    lines += line;
    return true;
  }).info("renewed", {});
  EXPECT_THAT(lines, testing::MatchesRegex("20..-..-..T..:..:..Z rolecall: renewed\n"));
}

}  // namespace
}  // namespace rolecall::serve

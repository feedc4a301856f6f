#include "serve/imds.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

using test::now;
using namespace std::chrono_literals;

const std::string credentials_path = "/latest/meta-data/iam/security-credentials/Example";

class ImdsTest : public testing::Test {
 protected:
  ImdsTest() { binding.publish(test::valid_status()); }

  LoggedResponse put(const http::Headers& headers = {}) {
    return answer_imds(test::request("PUT", "/latest/api/token", headers), binding, tokens, now);
  }
  std::string token() { return test::body_of(put().response); }
  LoggedResponse get(const std::string& path, const std::string& with_token,
                     aws::Instant when = now) {
    return answer_imds(test::request("GET", path, {{"X-aws-EC2-metadata-token", with_token}}),
                       binding, tokens, when);
  }

  Binding binding{test::binding_options()};
  ImdsTokens tokens{Secret(std::string(64, 'k')), "boot"};
};

TEST_F(ImdsTest, GivesTokensForTheRequestedTime) {
  const LoggedResponse logged = put({{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60"}});
  EXPECT_EQ(logged.response.status, 200);
  EXPECT_EQ(*http::find(logged.response.headers, "x-aws-ec2-metadata-token-ttl-seconds"), "60");
  const std::string token = test::body_of(logged.response);
  const std::string path = "/latest/meta-data/placement/region";
  EXPECT_EQ(get(path, token, test::after(59s)).response.status, 200);
  EXPECT_EQ(get(path, token, test::after(60s)).response.status, 401);
  // The wall clock does not matter.
  EXPECT_EQ(get(path, token, test::after(9999s, 1s)).response.status, 200);
}

TEST_F(ImdsTest, ATokenWithoutATimeIsValidForSixHours) {
  const LoggedResponse logged = put();
  EXPECT_EQ(*http::find(logged.response.headers, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
}

TEST_F(ImdsTest, RefusesOtherTimesToLive) {
  for (const char* ttl : {"0", "21601", "-1", "", "x", "60x", " 60", "99999999999999"}) {
    EXPECT_EQ(put({{"x-aws-ec2-metadata-token-ttl-seconds", ttl}}).response.status, 400) << ttl;
  }
}

TEST_F(ImdsTest, GivesTheRoleWithoutItsPath) {
  const std::string held = token();
  for (const char* end : {"", "/"}) {
    const std::string path = std::string("/latest/meta-data/iam/security-credentials") + end;
    EXPECT_EQ(test::body_of(get(path, held).response), "Example");
  }
}

TEST_F(ImdsTest, GivesCredentials) {
  const LoggedResponse logged = get(credentials_path, token());
  EXPECT_EQ(logged.response.status, 200);
  EXPECT_EQ(logged.credentials_of, &binding);
  const json body = json::parse(test::body_of(logged.response));
  EXPECT_EQ(body, json::parse(R"({"Code":"Success","LastUpdated":"2026-11-23T18:00:00Z",
      "Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE",
      "SecretAccessKey":"secretsecretsecretsecretsecretsecretsecr",
      "Token":"token+token/token==","Expiration":"2026-11-23T19:00:00Z",
      "AccountId":"111122223333"})"));
}

TEST_F(ImdsTest, GivesNothingWithoutAToken) {
  for (const std::string& wrong : {std::string(), std::string("x"), token().substr(1)}) {
    const LoggedResponse logged = get(credentials_path, wrong);
    EXPECT_EQ(logged.response.status, 401);
    EXPECT_EQ(logged.credentials_of, nullptr);
  }
  EXPECT_EQ(
      answer_imds(test::request("GET", credentials_path), binding, tokens, now).response.status,
      401);
}

TEST_F(ImdsTest, GivesNoExpiredCredentials) {
  const std::string held = token();
  EXPECT_EQ(get(credentials_path, held, test::after(3599s)).response.status, 200);
  for (const auto& [wall, steady] : {std::pair(3600s, 10s), std::pair(-9000s, 3600s)}) {
    const LoggedResponse logged = get(credentials_path, held, test::after(wall, steady));
    EXPECT_EQ(logged.response.status, 503);
    EXPECT_EQ(logged.credentials_of, nullptr);
    EXPECT_EQ(logged.response.shared_body, nullptr);
  }
}

TEST_F(ImdsTest, SaysWhyThereAreNoCredentials) {
  for (const auto& [kind, reason] : {std::pair(ErrorKind::try_later, "try again later"),
                                     std::pair(ErrorKind::usage, "the log of rolecall serve"),
                                     std::pair(ErrorKind::failed, "refused")}) {
    BindingStatus none;
    none.failure = "cannot open /etc/pki/app.key";
    none.failure_kind = kind;
    binding.publish(none);
    const LoggedResponse logged = get(credentials_path, token());
    EXPECT_EQ(logged.response.status, 503);
    const std::string message = json::parse(test::body_of(logged.response)).at("message");
    EXPECT_NE(message.find(reason), std::string::npos) << message;
    EXPECT_EQ(message.find("/etc"), std::string::npos) << message;
  }
}

TEST_F(ImdsTest, GivesTheRegion) {
  const std::string held = token();
  EXPECT_EQ(test::body_of(get("/latest/meta-data/placement/region", held).response), "eu-west-1");
  const json document =
      json::parse(test::body_of(get("/latest/dynamic/instance-identity/document", held).response));
  EXPECT_EQ(document, json({{"region", "eu-west-1"}}));
}

TEST_F(ImdsTest, RefusesOtherPathsAndMethods) {
  const std::string held = token();
  for (const char* path : {"/latest/meta-data/", "/latest/meta-data/iam/security-credentials/Other",
                           "/latest/meta-data/iam/security-credentials/Example/",
                           "/latest/meta-data/iam/security-credentialsx",
                           "/latest/meta-data/iam/../region", "/latest/user-data"}) {
    EXPECT_EQ(get(path, held).response.status, 404) << path;
  }
  EXPECT_EQ(
      answer_imds(test::request("GET", "/latest/api/token"), binding, tokens, now).response.status,
      405);
  for (const char* method : {"POST", "HEAD", "DELETE", "PUT"}) {
    EXPECT_EQ(
        answer_imds(test::request(method, credentials_path, {{"x-aws-ec2-metadata-token", held}}),
                    binding, tokens, now)
            .response.status,
        405)
        << method;
  }
}

TEST(Binding, RefusesNamesThatAreNotValid) {
  for (const char* name : {"", ".", "..", "a/b", "a b", "a\n", "ä", ".hidden"}) {
    EXPECT_THROW(Binding(test::binding_options(name)), Error) << name;
  }
  EXPECT_EQ(Binding(test::binding_options("prod-1.eu_x")).role_name(), "Example");
}

TEST(Issued, AnImplausibleExpiryCountsByTheSteadyClock) {
  const auto issued = make_issued(test::credentials(90000s), "", 3600s, now);
  EXPECT_EQ(issued->expiry_on_both_clocks.steady, now.steady + 3600s);
  EXPECT_EQ(issued->expiry_on_both_clocks.wall, now.wall + 90000s);
}

}  // namespace
}  // namespace rolecall::serve

#include "emulate/sts.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include "unit/emulate/support.h"

namespace rolecall::emulate {
namespace {

std::string hmac(const std::string& key, const std::string& text) {
  std::string digest(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

class StsTest : public testing::Test {
 protected:
  StsTest() {
    Session made = random_session();
    made.expiration = test::now + std::chrono::hours(1);
    made.assumed_role_arn = "arn:aws:sts::123456789012:assumed-role/demo/1234";
    made.assumed_role_id = "AROAEXAMPLE:1234";
    made.account = "123456789012";
    session = std::make_shared<const Session>(std::move(made));
  }

  http::Request sign(const std::string& service = "sts") const {
    http::Request request;
    request.method = "POST";
    request.body = "Action=GetCallerIdentity&Version=2011-06-15";
    const std::string date = amz_date(test::now);
    const std::string token(session->session_token.view());
    const std::string type = "application/x-www-form-urlencoded; charset=utf-8";
    request.headers = {{"Host", "localhost"},
                       {"Content-Type", type},
                       {"X-Amz-Date", date},
                       {"X-Amz-Security-Token", token}};
    const std::string names = "content-type;host;x-amz-date;x-amz-security-token";
    const std::string canonical =
        "POST\n/\n\ncontent-type:" + type + "\nhost:localhost\nx-amz-date:" + date +
        "\nx-amz-security-token:" + token + "\n\n" + names + "\n" + sha256_hex(request.body);
    const std::string scope = "20261123/us-east-1/" + service + "/aws4_request";
    std::string key = "AWS4" + std::string(session->secret_access_key.view());
    for (const std::string& step : {std::string("20261123"), std::string("us-east-1"), service,
                                    std::string("aws4_request")}) {
      key = hmac(key, step);
    }
    const std::string signature = hex_encode(
        hmac(key, "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256_hex(canonical)));
    request.headers.push_back(
        {"Authorization", "AWS4-HMAC-SHA256 Credential=" + session->access_key_id + "/" + scope +
                              ", SignedHeaders=" + names + ", Signature=" + signature});
    return request;
  }

  // "status code"; empty where it was verified.
  std::string verify(const http::Request& request,
                     std::chrono::sys_seconds time = test::now) const {
    const auto find = [this](const std::string& id) {
      return id == session->access_key_id ? session : nullptr;
    };
    try {
      EXPECT_EQ(verify_caller(request, find, time), session);
      return {};
    } catch (const ErrorResponse& error) {
      return std::to_string(error.status()) + " " + error.name();
    }
  }

  std::shared_ptr<const Session> session;
};

TEST_F(StsTest, TakesWhatIsSignedWithTheIssuedKey) {
  EXPECT_EQ(verify(sign()), "");
}

TEST_F(StsTest, RefusesWithTheCodesOfTheService) {
  const auto changed = [this](const char* name, const char* from, const char* to) {
    http::Request request = sign();
    test::replace(test::header(request, name), from, to);
    return verify(request);
  };
  const auto body = [this](const char* text) {
    http::Request request = sign();
    request.body = text;
    return verify(request);
  };
  EXPECT_EQ(body("Action=GetCallerIdentity&Version=2011-06-15&x=1"), "403 SignatureDoesNotMatch");
  EXPECT_EQ(body("Action=AssumeRole&Version=2011-06-15"), "400 InvalidAction");
  EXPECT_EQ(body("Action=GetCallerIdentity&Version=2012-01-01"), "400 InvalidAction");
  EXPECT_EQ(body("Action=GetCallerIdentity"), "400 InvalidAction");
  EXPECT_EQ(body("Action=%"), "400 InvalidAction");
  EXPECT_EQ(body(""), "400 InvalidAction");
  EXPECT_EQ(changed("content-type", "application/x-www-form-urlencoded", "application/json"),
            "400 InvalidAction");
  EXPECT_EQ(changed("content-type", "utf-8", "utf-9"), "403 SignatureDoesNotMatch");
  EXPECT_EQ(changed("host", "localhost", "other"), "403 SignatureDoesNotMatch");
  EXPECT_EQ(changed("x-amz-security-token", "", "x"), "403 InvalidClientTokenId");
  EXPECT_EQ(changed("authorization", "ASIA", "AKIA"), "403 InvalidClientTokenId");
  EXPECT_EQ(changed("authorization", "us-east-1", "us-east-2"), "403 SignatureDoesNotMatch");
  EXPECT_EQ(changed("authorization", "20261123", "20261122"), "403 SignatureDoesNotMatch");
  EXPECT_EQ(changed("authorization", "Signature=", "Signature=00"), "403 SignatureDoesNotMatch");
  EXPECT_EQ(changed("authorization", "Signature=", "Signature=zz"), "403 SignatureDoesNotMatch");
  EXPECT_EQ(changed("authorization", "host;", ""), "403 SignatureDoesNotMatch");
  EXPECT_EQ(changed("authorization", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
            "400 IncompleteSignature");
  EXPECT_EQ(changed("authorization", "Credential=", "Key="), "400 IncompleteSignature");
  EXPECT_EQ(changed("authorization", "AWS4-HMAC-SHA256 ", ""), "400 IncompleteSignature");
  EXPECT_EQ(verify(sign("s3")), "403 SignatureDoesNotMatch");

  for (const auto& [name, error] : {std::pair("authorization", "403 MissingAuthenticationToken"),
                                    std::pair("x-amz-security-token", "403 InvalidClientTokenId"),
                                    std::pair("x-amz-date", "403 SignatureDoesNotMatch"),
                                    std::pair("content-type", "400 InvalidAction")}) {
    http::Request request = sign();
    std::erase_if(request.headers,
                  [n = name](const http::Header& h) { return lower_case(h.name) == n; });
    EXPECT_EQ(verify(request), error) << name;
  }
}

TEST_F(StsTest, HostAndDateMustBeSigned) {
  for (const std::string name : {"host", "x-amz-date"}) {
    http::Request request = sign();
    test::replace(test::header(request, "authorization"), name + ";", "");
    try {
      verify_caller(
          request, [this](const std::string&) { return session; }, test::now);
      ADD_FAILURE() << name;
    } catch (const ErrorResponse& error) {
      EXPECT_EQ(error.what(), "the header \"" + name + "\" is not signed");
    }
  }
}

TEST_F(StsTest, LooksAtTheClock) {
  using std::chrono::seconds;
  EXPECT_EQ(verify(sign(), test::now + seconds(300)), "");
  EXPECT_EQ(verify(sign(), test::now + seconds(301)), "403 SignatureDoesNotMatch");
  EXPECT_EQ(verify(sign(), test::now - seconds(301)), "403 SignatureDoesNotMatch");
  EXPECT_EQ(verify(sign(), test::now + seconds(3600)), "403 ExpiredToken");
}

TEST_F(StsTest, WritesXml) {
  const std::string xml = caller_identity_xml(*session, "id-1");
  EXPECT_NE(xml.find("<Arn>arn:aws:sts::123456789012:assumed-role/demo/1234</Arn>"),
            std::string::npos);
  EXPECT_NE(xml.find("<UserId>AROAEXAMPLE:1234</UserId>"), std::string::npos);
  EXPECT_NE(xml.find("<Account>123456789012</Account>"), std::string::npos);
  EXPECT_NE(xml.find("<RequestId>id-1</RequestId>"), std::string::npos);
  const std::string error = error_xml(ErrorResponse(400, "InvalidAction", "<a>&\x01\xff"), "id-2");
  EXPECT_NE(error.find("<Message>&lt;a&gt;&amp;?\?</Message>"), std::string::npos) << error;
}

}  // namespace
}  // namespace rolecall::emulate

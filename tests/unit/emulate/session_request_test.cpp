#include "emulate/session_request.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <fstream>
#include <functional>

#include "base/json.h"
#include "emulate/error_response.h"
#include "unit/emulate/support.h"

namespace rolecall::emulate {
namespace {

// The text of the ErrorResponse. Empty if there is no ErrorResponse.
std::string refusal_of(const http::Request& request, std::chrono::sys_seconds time) {
  try {
    verify_signature(request, time);
    return {};
  } catch (const ErrorResponse& error) {
    EXPECT_EQ(error.status(), 403);
    EXPECT_EQ(error.name(), "AccessDeniedException");
    return error.what();
  }
}

struct Vector {
  std::string name;
  std::chrono::sys_seconds time;
  http::Request request;
  std::string canonical_sha256;
};

std::vector<Vector> golden_vectors() {
  std::ifstream file(std::string(ROLECALL_TESTS_DIR) + "/vectors/sigv4-x509.json");
  const json all = json::parse(file);
  const auto der = [](const std::string& pem) {
    const X509Ptr x(PEM_read_bio_X509(memory_bio(pem).get(), nullptr, nullptr, nullptr));
    return test::base64_der(x.get());
  };
  std::vector<Vector> vectors;
  for (const json& v : all.at("vectors")) {
    const json& input = v.at("input");
    Vector vector;
    vector.name = v.at("name");
    vector.time = *parse_rfc3339(input.at("time").get<std::string>());
    vector.canonical_sha256 =
        sha256_hex(v.at("expected").at("canonical_request").get<std::string>());
    http::Request& request = vector.request;
    request.method = all.at("method");
    request.path = all.at("path");
    request.query = all.at("query");
    request.body = input.at("body");
    // The order on the wire is of no consequence.
    request.headers = {{"Authorization", v.at("expected").at("authorization")},
                       {"X-Amz-X509", der(input.at("certificate_pem"))},
                       {"Content-Type", "application/json"},
                       {"Host", input.at("host")},
                       {"X-Amz-Date", amz_date(vector.time)},
                       {"User-Agent", "not signed"}};
    std::string chain;
    for (const json& issuer : input.at("chain_pem")) {
      chain += (chain.empty() ? "" : ",") + der(issuer);
    }
    if (!chain.empty()) request.headers.push_back({"X-Amz-X509-Chain", chain});
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

TEST(SessionSignature, GoldenVectorsVerify) {
  const auto vectors = golden_vectors();
  ASSERT_EQ(vectors.size(), 5U);
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    EXPECT_EQ(refusal_of(vector.request, vector.time), "");
    EXPECT_EQ(verify_signature(vector.request, vector.time).canonical_request_sha256,
              vector.canonical_sha256);
  }
}

TEST(SessionSignature, EverySingleChangeToAGoldenVectorIsRefused) {
  using Change = std::pair<const char*, std::function<void(http::Request&)>>;
  const std::vector<Change> changes = {
      {"method", [](http::Request& r) { r.method = "PUT"; }},
      {"path", [](http::Request& r) { r.path = "/sessions/"; }},
      {"query", [](http::Request& r) { r.query = "a=b"; }},
      {"body", [](http::Request& r) { r.body.back() = ' '; }},
      {"body grows", [](http::Request& r) { r.body += ' '; }},
      {"host", [](http::Request& r) { test::header(r, "host") += ":1"; }},
      {"content type", [](http::Request& r) { test::header(r, "content-type") += "; x"; }},
      {"second value",
       [](http::Request& r) {
         r.headers.push_back({"Host", "other"});
       }},
      {"date",
       [](http::Request& r) {
         std::string& date = test::header(r, "x-amz-date");
         date[14] = date[14] == '0' ? '1' : '0';
       }},
      {"signature",
       [](http::Request& r) {
         std::string& value = test::header(r, "authorization");
         value.back() = value.back() == '0' ? '1' : '0';
       }},
      {"signature cut", [](http::Request& r) { test::header(r, "authorization").resize(400); }},
      {"region",
       [](http::Request& r) {
         test::replace(test::header(r, "authorization"), "/rolesanywhere", "0/rolesanywhere");
       }},
      {"serial number",
       [](http::Request& r) {
         test::replace(test::header(r, "authorization"), "Credential=", "Credential=1");
       }},
  };
  for (const Vector& vector : golden_vectors()) {
    for (const auto& [name, change] : changes) {
      SCOPED_TRACE(vector.name + ": " + name);
      http::Request request = vector.request;
      change(request);
      EXPECT_EQ(refusal_of(request, vector.time).substr(0, 19), "Invalid signature: ");
    }
  }
}

TEST(SessionSignature, ChangeOfAnUnsignedHeaderIsOfNoConsequence) {
  Vector vector = golden_vectors().front();
  test::header(vector.request, "user-agent") = "other";
  vector.request.headers.push_back({"X-Forwarded-For", "192.0.2.1"});
  EXPECT_EQ(refusal_of(vector.request, vector.time), "");
}

struct Spoiled {
  const char* name;
  const char* from;  // in Authorization
  const char* to;
  const char* reason;  // a part of it
};

class SpoiledAuthorization : public testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledAuthorization, IsRefusedWithItsReason) {
  http::Request request = test::sign_session(test::make({}, nullptr));
  ASSERT_EQ(refusal_of(request, test::now), "");
  test::replace(test::header(request, "authorization"), GetParam().from, GetParam().to);
  const std::string refusal = refusal_of(request, test::now);
  EXPECT_EQ(refusal.rfind("Invalid signature: ", 0), 0U);
  EXPECT_NE(refusal.find(GetParam().reason), std::string::npos) << refusal;
}

INSTANTIATE_TEST_SUITE_P(
    All, SpoiledAuthorization,
    testing::Values(
        Spoiled{"Algorithm", "AWS4-X509-ECDSA-SHA256", "AWS4-X509-RSA-SHA256",
                "needs AWS4-X509-ECDSA-SHA256"},
        Spoiled{"PlainSigV4", "AWS4-X509-ECDSA-SHA256", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256"},
        Spoiled{"NoCredential", "Credential=", "Other=", "a field that is not"},
        Spoiled{"TwoCredentials", "Credential=", "Credential=x, Credential=", "twice"},
        Spoiled{"HexSerial", "Credential=4660/", "Credential=1234/", "decimal, not hex"},
        Spoiled{"OtherSerial", "Credential=4660/", "Credential=4661/", "the certificate has 4660"},
        Spoiled{"LeadingZero", "Credential=4660/", "Credential=04660/", "serial number 04660"},
        Spoiled{"NoScope", "/us-east-1/", "/", "Credential is not"},
        Spoiled{"EmptyRegion", "/us-east-1/", "//", "Credential is not"},
        Spoiled{"Service", "/rolesanywhere/", "/sts/", "must be rolesanywhere"},
        Spoiled{"Terminator", "/aws4_request", "/aws4", "aws4_request"},
        Spoiled{"ScopeDate", "/20261123/", "/20261122/", "scope has the date 20261122"},
        Spoiled{"HostNotSigned", "host;", "", "\"host\" is not signed"},
        Spoiled{"TypeNotSigned", "content-type;", "", "\"content-type\" is not signed"},
        Spoiled{"DateNotSigned", "x-amz-date;", "", "\"x-amz-date\" is not signed"},
        Spoiled{"X509NotSigned", ";x-amz-x509", "", "\"x-amz-x509\" is not signed"},
        Spoiled{"NotSorted", "content-type;host", "host;content-type", "sorted"},
        Spoiled{"NotUnique", "content-type;host", "content-type;host;host", "sorted"},
        Spoiled{"UpperCase", "content-type;host", "Content-Type;host", "lower case"},
        Spoiled{"NotSent", "x-amz-date;x-amz-x509", "x-amz-date;x-amz-x509;x-other",
                "\"x-other\", which was not sent"},
        Spoiled{"NotHex", "Signature=", "Signature=zz", "not hex"},
        Spoiled{"NoSignature", ", Signature=", ", X=", "a field that is not"},
        Spoiled{"NoFields", "Credential", "", "a field that is not"},
        Spoiled{"ByAnotherKey", "Signature=30", "Signature=31", "SHA-256 "}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(SessionSignature, SaysTheCanonicalRequestsDigest) {
  http::Request request = test::sign_session(test::make({}, nullptr));
  const std::string digest = verify_signature(request, test::now).canonical_request_sha256;
  request.body += ' ';
  const std::string refusal = refusal_of(request, test::now);
  EXPECT_EQ(refusal.find(digest), std::string::npos);
  const std::string said = refusal.substr(refusal.size() - 64);
  EXPECT_TRUE(hex_decode(said)) << refusal;
}

TEST(SessionSignature, TakesFiveMinutesOfSkewAndNotMore) {
  const http::Request request = test::sign_session(test::make({}, nullptr));
  using std::chrono::seconds;
  for (const int good : {-300, -1, 0, 300}) {
    EXPECT_EQ(refusal_of(request, test::now + seconds(good)), "") << good;
  }
  EXPECT_NE(refusal_of(request, test::now + seconds(301)).find("expired"), std::string::npos);
  EXPECT_NE(refusal_of(request, test::now - seconds(301)).find("not yet"), std::string::npos);
}

TEST(SessionSignature, MissingAndIllFormedHeadersAreRefused) {
  const http::Request good = test::sign_session(test::make({}, nullptr));
  for (const char* name : {"authorization", "x-amz-date", "x-amz-x509", "host", "content-type"}) {
    http::Request request = good;
    std::erase_if(request.headers,
                  [name](const http::Header& h) { return lower_case(h.name) == name; });
    EXPECT_EQ(refusal_of(request, test::now).substr(0, 18), "Invalid signature:") << name;
  }
  for (const char* name : {"authorization", "x-amz-date", "x-amz-x509"}) {
    http::Request request = good;
    request.headers.push_back({name, test::header(request, name)});
    EXPECT_NE(refusal_of(request, test::now).find("twice"), std::string::npos) << name;
  }
  for (const char* date : {"", "2026-11-23T17:51:52Z", "20261123T175152", "20261323T175152Z"}) {
    http::Request request = good;
    test::header(request, "x-amz-date") = date;
    EXPECT_NE(refusal_of(request, test::now).find("x-amz-date"), std::string::npos) << date;
  }
  for (const char* certificate : {"", "!", "AAAA", "MIIB"}) {
    http::Request request = good;
    test::header(request, "x-amz-x509") = certificate;
    EXPECT_EQ(refusal_of(request, test::now).substr(0, 29), "Untrusted signing certificate")
        << certificate;
  }
  http::Request request = good;  // bytes after the certificate
  std::string& certificate = test::header(request, "x-amz-x509");
  certificate = base64_encode(*base64_decode(certificate) + "more");
  EXPECT_NE(refusal_of(request, test::now).find("not one X.509"), std::string::npos);
}

TEST(SessionSignature, TakesEveryKindOfKey) {
  for (const auto& key : {test::rsa_key(2048), test::rsa_key(3072), test::ec_key("P-256"),
                          test::ec_key("P-384"), test::ec_key("P-521")}) {
    EXPECT_EQ(refusal_of(test::sign_session(test::make({}, nullptr, key)), test::now), "");
  }
  const auto secp256k1 = test::make({}, nullptr, test::ec_key("secp256k1"));
  EXPECT_NE(refusal_of(test::sign_session(secp256k1), test::now).find("secp256k1"),
            std::string::npos);
}

TEST(SessionSignature, TakesAQueryWithItsEqualsSignsEncodedOnceOrTwice) {
  const test::Entity leaf = test::make({}, nullptr);
  for (const std::string value : {"role%2Fa%3Db", "role%2Fa%253Db"}) {
    http::Request request = test::sign_session(leaf);
    request.query = "z=1&roleArn=role%2fa%3db";
    std::string canonical = "POST\n/sessions\nroleArn=" + value + "&z=1\n";
    for (const char* name : {"content-type", "host", "x-amz-date", "x-amz-x509"}) {
      canonical += std::string(name) + ":" + test::header(request, name) + "\n";
    }
    canonical += "\ncontent-type;host;x-amz-date;x-amz-x509\n" + sha256_hex(request.body);
    const std::string text =
        "AWS4-X509-ECDSA-SHA256\n20261123T175152Z\n20261123/us-east-1/rolesanywhere/"
        "aws4_request\n" +
        sha256_hex(canonical);
    std::string& authorization = test::header(request, "authorization");
    authorization.resize(authorization.find("Signature="));
    authorization += "Signature=" + hex_encode(test::sign(leaf.key.get(), text));
    EXPECT_EQ(refusal_of(request, test::now), "") << value;
    request.query = "z=1&roleArn=role%2fa%3dc";
    EXPECT_NE(refusal_of(request, test::now), "") << value;
  }
}

TEST(SessionChain, IsReadInItsOrder) {
  const test::Entity root = test::make_ca("root");
  const test::Entity middle = test::make_ca("middle", &root);
  http::Request request;
  EXPECT_TRUE(read_chain(request).empty());
  request.headers = {
      {"X-Amz-X509-Chain", test::base64_der(middle.get()) + ", " + test::base64_der(root.get())}};
  const auto chain = read_chain(request);
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(X509_cmp(chain[0].get(), middle.get()), 0);
  EXPECT_EQ(X509_cmp(chain[1].get(), root.get()), 0);
}

TEST(SessionChain, EmptyTooLongOrBrokenIsRefused) {
  const std::string one = test::base64_der(test::make_ca("ca").get());
  const std::string five = one + "," + one + "," + one + "," + one + "," + one;
  const auto read = [](const std::string& value) {
    http::Request request;
    request.headers = {{"x-amz-x509-chain", value}};
    return read_chain(request);
  };
  EXPECT_EQ(read(five).size(), 5U);
  for (const std::string& bad :
       {std::string(), std::string("  "), five + "," + one, one + ",", "," + one, one + one,
        one + ",AAAA", one.substr(0, one.size() - 4)}) {
    EXPECT_THROW(read(bad), ErrorResponse) << bad;
  }
}

}  // namespace
}  // namespace rolecall::emulate

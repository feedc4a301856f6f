#include "emulate/sigv4.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/codec.h"

namespace rolecall::emulate {
namespace {

http::Request request_with_query(const std::string& query) {
  http::Request request;
  request.method = "POST";
  request.path = "/sessions";
  request.query = query;
  request.headers = {{"Host", "h"}};
  return request;
}

std::string canonical_query(const std::string& query, EqualsSign form = EqualsSign::encoded) {
  const std::string canonical = canonical_request(request_with_query(query), {"host"}, form);
  const std::size_t start = std::string("POST\n/sessions\n").size();
  return canonical.substr(start, canonical.find('\n', start) - start);
}

TEST(CanonicalRequest, HasTheFormOfTheGuide) {
  http::Request request = request_with_query("");
  request.headers = {
      {"Host", "h:1"}, {"X-B", "  two   words\t "}, {"Other", "x"}, {"x-b", "again"}};
  request.body = "{}";
  EXPECT_EQ(canonical_request(request, {"host", "x-b"}),
            "POST\n/sessions\n\nhost:h:1\nx-b:two words,again\n\nhost;x-b\n" + sha256_hex("{}"));
  EXPECT_THROW(canonical_request(request, {"absent"}), BadSignature);
}

TEST(CanonicalRequest, SortsAndEncodesTheQuery) {
  EXPECT_EQ(canonical_query(""), "");
  EXPECT_EQ(canonical_query("b=2&a=1"), "a=1&b=2");
  EXPECT_EQ(canonical_query("a=2&a=1"), "a=1&a=2");
  EXPECT_EQ(canonical_query("a"), "a=");
  EXPECT_EQ(canonical_query("&a=1&&"), "a=1");
  EXPECT_EQ(canonical_query("a=x=y"), "a=x%3Dy");
  EXPECT_EQ(canonical_query("a=%7e%2F%c3%bc+"), "a=~%2F%C3%BC%2B");
  EXPECT_EQ(canonical_query("roleArn=arn:aws:iam::1:role/a%3Db"),
            "roleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%3Db");
  EXPECT_EQ(canonical_query("a=x%3D%3Dy=", EqualsSign::encoded_twice), "a=x%253D%253Dy%253D");
  // Sorted as encoded: "%" comes before letters and "-".
  EXPECT_EQ(canonical_query("a-=1&a%40=2"), "a%40=2&a-=1");
  for (const char* bad : {"a=%", "a=%2", "a=%zz", "%=1"}) {
    EXPECT_THROW(canonical_query(bad), BadSignature) << bad;
  }
}

// Whatever the parameters are and in whichever order they come: the canonical form is the same, it
// is sorted, and it says the same as the original.
TEST(CanonicalRequest, QueryProperties) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < 1 + random() % 5; ++i) {
      std::string part = "p" + std::to_string(random() % 3) + "=";
      for (std::size_t j = 0; j < random() % 6; ++j) {
        part += "%" + hex_encode(std::string(1, static_cast<char>(random() % 256)));
      }
      parts.push_back(part);
    }
    const auto join = [&parts] {
      std::string query;
      for (const std::string& part : parts)
        query += (query.empty() ? "" : "&") + part;
      return query;
    };
    const std::string query = join();
    const std::string canonical = canonical_query(query);
    std::shuffle(parts.begin(), parts.end(), random);
    EXPECT_EQ(canonical_query(join()), canonical);
    EXPECT_EQ(canonical_query(canonical), canonical);
    const auto before = parse_query(query);
    const auto after = parse_query(canonical);
    EXPECT_TRUE(std::is_permutation(before.begin(), before.end(), after.begin(), after.end()));
  }
}

TEST(ParseAuthorization, ReadsItsParts) {
  const Authorization a = parse_authorization(
      "AWS4-X509-RSA-SHA256 Credential=12/20260102/eu-west-1/rolesanywhere/aws4_request,"
      "SignedHeaders=a;b,   Signature=00ff");
  EXPECT_EQ(a.algorithm, "AWS4-X509-RSA-SHA256");
  EXPECT_EQ(a.key_id, "12");
  EXPECT_EQ(a.scope(), "20260102/eu-west-1/rolesanywhere/aws4_request");
  EXPECT_EQ(a.signed_headers, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(a.signature, "00ff");
  EXPECT_EQ(string_to_sign(a, "20260102T000000Z", "ab"),
            "AWS4-X509-RSA-SHA256\n20260102T000000Z\n20260102/eu-west-1/rolesanywhere/aws4_request"
            "\nab");
}

TEST(ParseAuthorization, NeverTakesAPieceOfOne) {
  const std::string whole =
      "A Credential=1/20260102/r/s/aws4_request, SignedHeaders=a, Signature=0";
  ASSERT_NO_THROW(parse_authorization(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_authorization(whole.substr(0, size)), BadSignature) << size;
  }
  for (const char* bad :
       {"Bearer x", "A Credential",
        "A Credential=1/2/3/4/5/aws4_request, SignedHeaders=a, "
        "Signature=0",
        "A Credential=1/20260102/r/s/aws4_request, SignedHeaders=a, Signature=0,",
        "A Credential=1/20260102/r/s/aws4_request, SignedHeaders=;, Signature=0"}) {
    EXPECT_THROW(parse_authorization(bad), BadSignature) << bad;
  }
}

}  // namespace
}  // namespace rolecall::emulate

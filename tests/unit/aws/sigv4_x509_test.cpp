#include "aws/sigv4_x509.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <fstream>
#include <random>

#include "base/codec.h"
#include "base/json.h"
#include "base/time.h"
#include "identity/pem.h"
#include "identity/pem_contents.h"
#include "identity/private_key.h"

namespace rolecall::aws {
namespace {

json vectors() {
  std::ifstream file(ROLECALL_TESTS_DIR "/vectors/sigv4-x509.json");
  return json::parse(file).at("vectors");
}

identity::Certificate certificate(const std::string& pem) {
  return identity::certificates_in(identity::read_pem(pem, "vector"), "vector").at(0);
}

identity::Identity identity_of(const json& input) {
  std::vector<identity::Certificate> chain;
  for (const std::string pem : input.at("chain_pem"))
    chain.push_back(certificate(pem));
  const auto key = identity::read_pem(input.at("private_key_pem").get<std::string>(), "vector");
  return {certificate(input.at("certificate_pem")), std::move(chain),
          identity::make_openssl_signer(identity::private_key_in(key, "vector"))};
}

bool verifies(EVP_PKEY* key, const std::string& text, const std::string& signature) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

std::string signature_of(const std::string& authorization) {
  static constexpr std::string_view mark = "Signature=";
  return authorization.substr(authorization.find(mark) + mark.size());
}

TEST(SigV4X509, GoldenVectors) {
  int seen = 0;
  for (const json& vector : vectors()) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const json& input = vector.at("input");
    const json& expected = vector.at("expected");
    const identity::Identity identity = identity_of(input);
    const SignedRequest request =
        sign_request(identity, input.at("host"), "/sessions", input.at("region"), input.at("body"),
                     *parse_rfc3339(input.at("time").get<std::string>()));
    EXPECT_EQ(request.canonical_request, expected.at("canonical_request"));
    EXPECT_EQ(request.string_to_sign, expected.at("string_to_sign"));

    const std::string authorization = *http::find(request.headers, "authorization");
    const std::string theirs = expected.at("authorization");
    const std::string our_signature = signature_of(authorization);
    if (expected.at("signature_is_deterministic")) {
      EXPECT_EQ(authorization, theirs);
    } else {
      EXPECT_EQ(authorization.substr(0, authorization.size() - our_signature.size()),
                theirs.substr(0, theirs.find("Signature=") + 10));
    }
    EVP_PKEY* key = identity.leaf.public_key();
    EXPECT_TRUE(verifies(key, request.string_to_sign, hex_decode(our_signature).value()));
    EXPECT_TRUE(verifies(key, request.string_to_sign,
                         hex_decode(expected.at("signature_hex").get<std::string>()).value()));
    EXPECT_FALSE(verifies(key, request.string_to_sign + "x", hex_decode(our_signature).value()));
    ++seen;
  }
  EXPECT_EQ(seen, 5);
}

TEST(SigV4X509, CanonicalValues) {
  EXPECT_EQ(canonical_value("  a   b  c "), "a b c");
  EXPECT_EQ(canonical_value(""), "");
}

TEST(SigV4X509, CanonicalValuesStayAsTheyAre) {
  static constexpr std::string_view alphabet = "ab  \t,";
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string value(random() % 12, ' ');
    for (char& c : value)
      c = alphabet[random() % alphabet.size()];
    const std::string once = canonical_value(value);
    EXPECT_EQ(canonical_value(once), once);
    EXPECT_EQ(once.find("  "), std::string::npos);
    EXPECT_EQ(trim(once), once);
  }
}

}  // namespace
}  // namespace rolecall::aws

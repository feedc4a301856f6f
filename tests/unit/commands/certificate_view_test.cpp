#include "commands/certificate_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support/certificates.h"

namespace rolecall::cli {
namespace {

using identity::Certificate;
using test::make;
using test::make_ca;
using test::Recipe;
using testing::HasSubstr;
using testing::Not;

class CertificateView : public testing::Test {
 protected:
  static Certificate read(const test::Entity& entity) { return {test::der(entity.get()), "test"}; }
  std::string view(const Recipe& recipe, test::KeyPtr key = test::ec_key()) const {
    return certificate_view({read(make(recipe, &root_, std::move(key))), {}, {}}, test::now);
  }
  const test::Entity root_ = make_ca("root");
};

TEST_F(CertificateView, OneFactALine) {
  const test::Entity one = make_ca("one", &root_);
  const test::Entity leaf = make(Recipe().with(NID_subject_alt_name, "DNS:a.example,IP:::1"), &one);
  const std::string text = certificate_view({read(leaf), {read(one)}, {read(root_)}}, test::now);
  const std::size_t prints = text.find("SHA-1:");
  const std::size_t chain = text.find("Chain:");
  ASSERT_NE(chain, std::string::npos);
  EXPECT_EQ(text.substr(0, prints),
            "Subject:       CN=leaf\n"
            "Issuer:        CN=one\n"
            "Serial:        4660 (hex 1234)\n"
            "SAN:           DNS:a.example\n"
            "SAN:           IP:::1\n"
            "Valid from:    2026-11-22T17:51:52Z\n"
            "Valid until:   2026-12-23T17:51:52Z (30 days left)\n"
            "Key:           P-256\n"
            "Key usage:     digitalSignature\n"
            "Extended use:  clientAuth\n"
            "CA:            no\n"
            "Signature:     ecdsa-with-SHA256\n");
  EXPECT_THAT(text.substr(prints, chain - prints),
              testing::MatchesRegex("SHA-1:         [0-9a-f]+\nSHA-256:       [0-9a-f]+\n"));
  EXPECT_EQ(text.substr(chain),
            "Chain:         CN=one (30 days left)\n"
            "Not in chain:  CN=root (30 days left)\n"
            "Requirements:  met, as far as can be seen without the trust anchor\n");
}

TEST_F(CertificateView, Validity) {
  Recipe recipe;
  recipe.until = test::now - std::chrono::hours(50);
  EXPECT_THAT(view(recipe),
              HasSubstr("Valid until:   2026-11-21T15:51:52Z (expired 2 days ago)\n"));
  recipe.until = test::now + std::chrono::hours(5);
  EXPECT_THAT(view(recipe), HasSubstr(" (5 hours left)\n"));
  recipe.until = test::now;
  EXPECT_THAT(view(recipe), HasSubstr(" (0 seconds left)\n"));
  recipe.from = test::now + std::chrono::hours(72);
  EXPECT_THAT(view(recipe), HasSubstr("Valid from:    2026-11-26T17:51:52Z (in 3 days)\n"));
}

TEST_F(CertificateView, EachRequirementThatFailsIsALine) {
  const std::string text = view(
      Recipe().with(NID_basic_constraints, "").with(NID_key_usage, "keyAgreement,encipherOnly"));
  EXPECT_THAT(text, HasSubstr("Key usage:     keyAgreement, encipherOnly\n"));
  EXPECT_THAT(text, HasSubstr("CA:            not said (no basicConstraints)\n"));
  EXPECT_THAT(text, HasSubstr("Requirements:  1 not met\n"
                              "Fails:         keyUsage of CN=leaf lacks digitalSignature\n"));
  EXPECT_THAT(view(Recipe().with(NID_ext_key_usage, "serverAuth")),
              HasSubstr("Requirements:  met, as far as can be seen without the trust anchor\n"
                        "Warning:       extendedKeyUsage of CN=leaf lacks clientAuth\n"));
}

TEST_F(CertificateView, WhatIsMissing) {
  Recipe recipe;
  recipe.extensions.clear();
  const std::string text = view(recipe);
  for (const char* line : {"\nSAN:           none\n", "\nKey usage:     none\n",
                           "\nExtended use:  none\n", "\nChain:         none in this file\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(certificate_view({read(root_), {}, {}}, test::now),
              HasSubstr("\nChain:         none (self-signed)\n"));
  EXPECT_THAT(view({}, test::KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free)),
              HasSubstr("is of the kind ED25519, not RSA, EC or ML-DSA\n"));
}

TEST_F(CertificateView, DamagedExtensions) {
  const std::string text = view(
      Recipe().with(NID_subject_alt_name, "DER:04:01:00").with(NID_ext_key_usage, "DER:04:01:00"));
  EXPECT_THAT(text, HasSubstr("\nSAN:           damaged\n"));
  EXPECT_THAT(text, HasSubstr("\nExtended use:  damaged\n"));
}

TEST_F(CertificateView, NoNameReachesTheTerminalRaw) {
  Recipe recipe;
  recipe.name = "a\x1b[31m\xC2\x9B\xE2\x80\xAE\nSubject: forged";
  const std::string text = view(recipe);
  EXPECT_THAT(text, HasSubstr("Subject:       CN=a\\1B[31m  \\0ASubject: forged\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(view(Recipe().with(NID_subject_alt_name, "DNS:a\x1b\\\xC3\xA4\xff")),
              HasSubstr("SAN:           DNS:a \\\xC3\xA4?\n"));
}

}  // namespace
}  // namespace rolecall::cli

#include "identity/requirements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>

#include "unit/support/certificates.h"

namespace rolecall::identity {
namespace {

using test::Entity;
using test::make;
using test::Recipe;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Demands : public testing::Test {
 protected:
  std::vector<std::string> unmet(const Recipe& recipe) const { return check(recipe).unmet; }
  Requirements check(const Recipe& recipe) const {
    return check_requirements({test::der(make(recipe, &root_).get()), "test"}, {}, test::now);
  }
  const Entity root_ = test::make_ca("root");
};

TEST_F(Demands, AGoodLeafMeetsAll) {
  EXPECT_THAT(unmet({}), IsEmpty());
  EXPECT_THAT(unmet(Recipe().with(NID_ext_key_usage, "serverAuth,clientAuth")), IsEmpty());
  EXPECT_THAT(unmet(Recipe().with(NID_ext_key_usage, "")), IsEmpty());
  Recipe sha384;
  sha384.digest = EVP_sha384();
  EXPECT_THAT(unmet(sha384), IsEmpty());
}

TEST_F(Demands, TheKeyIsRsaOrEc) {
  const auto with = [this](EVP_PKEY* key) {
    const Entity leaf = make({}, &root_, test::KeyPtr(key, EVP_PKEY_free));
    return check_requirements({test::der(leaf.get()), "test"}, {}, test::now).unmet;
  };
  EXPECT_THAT(with(EVP_RSA_gen(2048)), IsEmpty());
  EXPECT_THAT(with(EVP_EC_gen("P-521")), IsEmpty());
  EXPECT_THAT(with(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")),
              ElementsAre("the key of CN=leaf is of the kind ED25519, not RSA, EC or ML-DSA"));
}

TEST_F(Demands, EachExtensionIsNamed) {
  const auto with = [this](int nid, const char* value) { return unmet(Recipe().with(nid, value)); };
  EXPECT_THAT(with(NID_basic_constraints, "CA:TRUE"), ElementsAre(HasSubstr("says CA:TRUE")));
  EXPECT_THAT(with(NID_key_usage, "keyEncipherment"),
              ElementsAre("keyUsage of CN=leaf lacks digitalSignature"));
  EXPECT_THAT(with(NID_key_usage, ""), ElementsAre(HasSubstr("keyUsage of CN=leaf is missing")));
}

TEST_F(Demands, WhatVaultAndStepCaLeaveOutIsNotNeeded) {
  const Requirements found = check(Recipe().with(NID_basic_constraints, ""));
  EXPECT_THAT(found.unmet, IsEmpty());
  EXPECT_THAT(found.doubtful, IsEmpty());
}

TEST_F(Demands, WhatTheServiceMayRefuseIsDoubtful) {
  const Requirements found = check(Recipe().with(NID_ext_key_usage, "serverAuth"));
  EXPECT_THAT(found.unmet, IsEmpty());
  EXPECT_THAT(found.doubtful, ElementsAre("extendedKeyUsage of CN=leaf lacks clientAuth"));
  Recipe recipe;
  recipe.name = "R & D";
  EXPECT_THAT(check(recipe).unmet, IsEmpty());
  EXPECT_THAT(check(recipe).doubtful, ElementsAre(HasSubstr("x509Subject/CN \"R & D\" has \"&\"")));
}

TEST_F(Demands, UnknownCriticalExtensions) {
  const int unknown = OBJ_create("1.3.6.1.4.1.55555.7", "unknownExtension7", "unknown extension 7");
  EXPECT_THAT(unmet(Recipe().with(unknown, "DER:0500")), IsEmpty());
  EXPECT_THAT(unmet(Recipe().with(unknown, "critical,DER:0500")),
              ElementsAre("CN=leaf has an unknown critical extension "
                          "(1.3.6.1.4.1.55555.7)"));
  EXPECT_THAT(unmet(Recipe().with(NID_subject_alt_name, "critical,DNS:a")), IsEmpty());
}

TEST_F(Demands, NamedCurvesOnly) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
  const Entity leaf = make({}, &root_, test::KeyPtr(key, EVP_PKEY_free));
  EXPECT_THAT(
      check_requirements({test::der(leaf.get()), "test"}, {}, test::now).unmet,
      ElementsAre("the EC key of CN=leaf has explicit parameters instead of a named curve"));
}

TEST_F(Demands, TheIssuersSignatureIsRsaOrEcdsa) {
  for (const char* kind : {"ED25519", "ED448"}) {
    const test::KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, kind), EVP_PKEY_free);
    Recipe ca = test::ca_recipe("ca");
    ca.digest = nullptr;
    const Entity issuer = make(ca, nullptr, key);
    Recipe recipe;
    recipe.digest = nullptr;
    const Entity leaf = make(recipe, &issuer);
    EXPECT_THAT(check_requirements({test::der(leaf.get()), "test"}, {}, test::now).unmet,
                ElementsAre(std::string("the signature of CN=leaf is of the kind ") + kind +
                            ", not RSA, ECDSA or ML-DSA"));
  }
}

TEST_F(Demands, TheSubjectIsNotEmpty) {
  Recipe recipe;
  recipe.name.clear();
  recipe.with(NID_subject_alt_name, "critical,URI:spiffe://example.org/app");
  EXPECT_THAT(unmet(recipe), ElementsAre(HasSubstr("serial 4660 is empty, which the service does "
                                                   "not support yet")));
}

TEST_F(Demands, OneWarningForEachDegree) {
  Recipe recipe = Recipe().with(NID_ext_key_usage, "serverAuth").with(NID_key_usage, "");
  recipe.digest = EVP_sha1();
  std::vector<std::string> warnings;
  Reporter reporter;
  reporter.warn = [&warnings](std::string_view text) { warnings.emplace_back(text); };
  const auto warn = [&](const Recipe& one) {
    warn_of_requirements({test::der(make(one, &root_).get()), "test"}, {}, test::now, reporter);
  };
  warn({});
  EXPECT_THAT(warnings, IsEmpty());
  warn(recipe);
  EXPECT_THAT(warnings, ElementsAre(testing::AllOf(HasSubstr("refuses this certificate: keyUsage"),
                                                   HasSubstr("; the signature")),
                                    HasSubstr("may refuse this certificate: extendedKeyUsage")));
}

TEST_F(Demands, DigestVersionAndValidityToo) {
  Recipe recipe;
  recipe.digest = EVP_sha1();
  EXPECT_THAT(unmet(recipe), ElementsAre(HasSubstr("sha1")));
  recipe = Recipe();
  recipe.version = X509_VERSION_1;
  recipe.extensions.clear();
  EXPECT_THAT(unmet(recipe), testing::Contains(HasSubstr("version")));
  recipe = Recipe();
  recipe.from = test::now + std::chrono::hours(1);
  EXPECT_THAT(unmet(recipe), ElementsAre(HasSubstr("starts at")));
  recipe = Recipe();
  recipe.until = test::now - std::chrono::seconds(1);
  EXPECT_THAT(unmet(recipe), ElementsAre(HasSubstr("ended at")));
}

TEST_F(Demands, IssuersHaveTheirOwn) {
  Recipe recipe;
  recipe.name = "ca";  // but CA:FALSE
  const Entity intermediate = make(recipe, &root_);
  const Entity leaf = make({}, &intermediate);
  EXPECT_THAT(check_requirements({test::der(leaf.get()), "test"},
                                 {{test::der(intermediate.get()), "test"}}, test::now)
                  .unmet,
              ElementsAre(HasSubstr("CN=ca says CA:FALSE"), HasSubstr("CN=ca lacks keyCertSign")));
}

}  // namespace
}  // namespace rolecall::identity

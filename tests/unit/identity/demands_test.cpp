#include "identity/demands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  std::vector<std::string> unmet(const Recipe& recipe) const {
    return unmet_demands({test::der(make(recipe, &root_).get()), "test"}, {}, test::now);
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
    return unmet_demands({test::der(leaf.get()), "test"}, {}, test::now);
  };
  EXPECT_THAT(with(EVP_RSA_gen(2048)), IsEmpty());
  EXPECT_THAT(with(EVP_EC_gen("P-521")), IsEmpty());
  EXPECT_THAT(with(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")),
              ElementsAre("the key of CN=leaf is of the kind ED25519, neither RSA nor EC"));
}

TEST_F(Demands, EachExtensionIsNamed) {
  const auto with = [this](int nid, const char* value) { return unmet(Recipe().with(nid, value)); };
  EXPECT_THAT(with(NID_basic_constraints, "CA:TRUE"), ElementsAre(HasSubstr("says CA:TRUE")));
  EXPECT_THAT(with(NID_basic_constraints, ""), ElementsAre(HasSubstr("basicConstraints")));
  EXPECT_THAT(with(NID_key_usage, "keyEncipherment"),
              ElementsAre("keyUsage of CN=leaf lacks digitalSignature"));
  EXPECT_THAT(with(NID_key_usage, ""), ElementsAre(HasSubstr("keyUsage of CN=leaf is missing")));
  EXPECT_THAT(with(NID_ext_key_usage, "serverAuth"), ElementsAre(HasSubstr("clientAuth")));
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
  EXPECT_THAT(unmet_demands({test::der(leaf.get()), "test"},
                            {{test::der(intermediate.get()), "test"}}, test::now),
              ElementsAre(HasSubstr("CN=ca says CA:FALSE"), HasSubstr("CN=ca lacks keyCertSign")));
}

}  // namespace
}  // namespace rolecall::identity

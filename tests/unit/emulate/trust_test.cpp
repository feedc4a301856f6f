#include "emulate/trust.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <functional>

#include "emulate/error_response.h"
#include "rolecall/error.h"
#include "unit/emulate/support.h"

namespace rolecall::emulate {
namespace {

using test::Entity;
using test::make;
using test::make_ca;
using test::Recipe;

PemFile anchors(const std::vector<Entity>& entities) {
  PemFile file{"trust anchor file", ""};
  for (const Entity& entity : entities)
    file.pem += test::pem(entity);
  return file;
}

X509Ptr share(const Entity& entity) {
  X509_up_ref(entity.get());
  return X509Ptr(entity.get());
}

// The refusal's text; empty where the leaf is trusted.
std::string check(const std::vector<Entity>& anchor, const Entity& leaf,
                  const std::vector<Entity>& issuers = {}, const std::string& crl = "",
                  std::chrono::sys_seconds time = test::now) {
  std::vector<PemFile> crls;
  if (!crl.empty()) crls.push_back({"CRL file", crl});
  const Trust trust(anchors(anchor), crls);
  std::vector<X509Ptr> chain;
  for (const Entity& issuer : issuers)
    chain.push_back(share(issuer));
  try {
    trust.check(leaf.get(), chain, time);
    return {};
  } catch (const ErrorResponse& error) {
    EXPECT_EQ(error.name(), "AccessDeniedException");
    EXPECT_EQ(error.status(), 403);
    return error.what();
  }
}

::testing::AssertionResult refused(const std::string& text, const std::string& start,
                                   const std::string& part) {
  if (text.rfind(start, 0) == 0 && text.find(part) != std::string::npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "\"" << text << "\" is not " << start << "…" << part;
}

const std::string insufficient = "Untrusted certificate. Insufficient certificate: ";
const std::string untrusted = "Untrusted signing certificate: ";

class TrustTest : public testing::Test {
 protected:
  Entity root = make_ca("root");
  Entity middle = make_ca("middle", &root);
  Entity leaf = make({}, &middle);
};

TEST_F(TrustTest, TakesAChainToTheAnchor) {
  EXPECT_EQ(check({root}, leaf, {middle}), "");
  EXPECT_EQ(check({root}, leaf, {middle, root}), "") << "the root may be sent too";
  EXPECT_EQ(check({root}, make({}, &root)), "");
}

TEST_F(TrustTest, TakesAnIntermediateAsTheAnchor) {
  EXPECT_EQ(check({middle}, leaf), "");
  EXPECT_EQ(check({middle}, leaf, {middle}), "");
  EXPECT_EQ(check({middle}, leaf, {middle, root}), "");
}

TEST_F(TrustTest, TakesAnyOfSeveralAnchors) {
  const Entity other = make_ca("other");
  EXPECT_EQ(check({other, root}, leaf, {middle}), "");
  EXPECT_TRUE(refused(check({other}, leaf, {middle}), untrusted, "no chain to the trust anchor"));
}

TEST_F(TrustTest, RefusesWhatLeadsToNoAnchor) {
  EXPECT_TRUE(refused(check({root}, leaf), untrusted, "CN=middle, which is neither"));
  EXPECT_TRUE(refused(check({make_ca("root")}, leaf, {middle}), untrusted, "another key"));
  EXPECT_TRUE(refused(check({root}, make({}, nullptr)), untrusted, "no chain"));
}

TEST_F(TrustTest, TakesFiveIssuersAndNoMore) {
  std::vector<Entity> chain;
  const Entity* above = &root;
  chain.reserve(6);
  for (int i = 0; i < 6; ++i) {
    chain.push_back(make_ca("ca" + std::to_string(i), above));
    above = &chain.back();
  }
  const std::vector<Entity> five(chain.rend() - 5, chain.rend());
  EXPECT_EQ(check({root}, make({}, &chain[4]), five), "");
  const std::vector<Entity> six(chain.rbegin(), chain.rend());
  EXPECT_TRUE(refused(check({root}, make({}, &chain[5]), six), untrusted, "at most 5 are allowed"));
}

TEST_F(TrustTest, RefusesAChainOutOfOrder) {
  const Entity lower = make_ca("lower", &middle);
  const Entity low_leaf = make({}, &lower);
  EXPECT_EQ(check({root}, low_leaf, {lower, middle}), "");
  EXPECT_TRUE(refused(check({root}, low_leaf, {middle, lower}), untrusted, "out of order"));
  EXPECT_TRUE(refused(check({root}, leaf, {leaf, middle}), untrusted, "contains the leaf"));
  EXPECT_TRUE(refused(check({root}, leaf, {middle, leaf}), untrusted, "contains the leaf"));
  EXPECT_TRUE(refused(check({root}, leaf, {make_ca("x"), middle}), untrusted, "out of order"));
  EXPECT_TRUE(refused(check({root}, leaf, {middle, middle}), untrusted, "does not issue"));
  EXPECT_TRUE(refused(check({root}, leaf, {make_ca("middle", &root)}), untrusted,
                      "its key did not make the signature"));
}

struct Demand {
  const char* name;
  Recipe recipe;
  const char* reason;
};

class LeafDemand : public testing::TestWithParam<Demand> {};

TEST_P(LeafDemand, IsChecked) {
  const Entity root = make_ca("root");
  EXPECT_TRUE(
      refused(check({root}, make(GetParam().recipe, &root)), insufficient, GetParam().reason));
}

Recipe with_digest(const EVP_MD* digest) {
  Recipe recipe;
  recipe.digest = digest;
  return recipe;
}

Recipe version_1() {
  Recipe recipe;
  recipe.version = 0;
  recipe.extensions.clear();
  return recipe;
}

Recipe named(const std::string& name) {
  Recipe recipe;
  recipe.name = name;
  return recipe;
}

Recipe valid(std::chrono::sys_seconds from, std::chrono::sys_seconds until) {
  Recipe recipe;
  recipe.from = from;
  recipe.until = until;
  return recipe;
}

INSTANTIATE_TEST_SUITE_P(
    All, LeafDemand,
    testing::Values(
        Demand{"Version", version_1(), "is not X.509 version 3"},
        Demand{"CaTrue", Recipe().with(NID_basic_constraints, "CA:TRUE"), "has CA:TRUE"},
        Demand{"NoKeyUsage", Recipe().with(NID_key_usage, ""), "has no digitalSignature"},
        Demand{"OtherKeyUsage", Recipe().with(NID_key_usage, "keyEncipherment,keyAgreement"),
               "keyUsage of the leaf (CN=leaf) has no digitalSignature"},
        Demand{"EmptySubject", named(""), "the subject of the leaf is empty"},
        Demand{"Sha1", with_digest(EVP_sha1()), "is signed with ecdsa-with-SHA1"},
        Demand{"Sha224", with_digest(EVP_sha224()), "SHA-256 or stronger"},
        Demand{"Expired",
               valid(test::now - std::chrono::days(2), test::now - std::chrono::seconds(1)),
               "expired on 2026-11-23T17:51:51Z"},
        Demand{"NotYetValid",
               valid(test::now + std::chrono::seconds(1), test::now + std::chrono::days(2)),
               "is not valid before 2026-11-23T17:51:53Z"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(TrustTest, RefusesMd5AndShortRsaKeys) {
  const Entity rsa_root = make(test::ca_recipe("rsa root"), nullptr, test::rsa_key());
  EXPECT_EQ(check({rsa_root}, make({}, &rsa_root)), "");
  EXPECT_TRUE(refused(check({rsa_root}, make(with_digest(EVP_md5()), &rsa_root)), insufficient,
                      "is signed with md5WithRSAEncryption"));
  EXPECT_TRUE(refused(check({root}, make({}, &root, test::rsa_key(1024))), insufficient,
                      "has 1024 bits; at least 2048 are required"));
}

// As Vault's and step-ca's are, and those of servers, which the guide no longer forbids.
TEST_F(TrustTest, TakesALeafWithoutBasicConstraintsOrClientAuth) {
  EXPECT_EQ(check({root}, make(Recipe().with(NID_basic_constraints, ""), &root)), "");
  EXPECT_EQ(check({root}, make(Recipe().with(NID_ext_key_usage, "serverAuth"), &root)), "");
  EXPECT_EQ(check({root}, make(Recipe().with(NID_ext_key_usage, "anyExtendedKeyUsage"), &root)),
            "");
}

TEST_F(TrustTest, RefusesCurvesWithoutAName) {
  const auto explicit_key = [] {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
    return test::KeyPtr(key, EVP_PKEY_free);
  };
  EXPECT_TRUE(refused(check({root}, make({}, &root, explicit_key())), insufficient,
                      "the EC key of the leaf (CN=leaf) is not on a named curve"));
  const Entity issuer = make(test::ca_recipe("odd"), &root, explicit_key());
  EXPECT_TRUE(refused(check({root}, make({}, &issuer), {issuer}), insufficient,
                      "the issuer (CN=odd) has an EC key that is not on a named curve"));
}

TEST_F(TrustTest, RefusesEdDsaSignatures) {
  const test::KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  Recipe ca = test::ca_recipe("ed");
  ca.digest = nullptr;
  const Entity ed = make(ca, nullptr, key);
  EXPECT_TRUE(refused(check({ed}, make(with_digest(nullptr), &ed)), insufficient,
                      "is signed with ED25519"));
}

TEST_F(TrustTest, TakesALeafWithoutExtendedKeyUsage) {
  EXPECT_EQ(check({root}, make(Recipe().with(NID_ext_key_usage, ""), &root)), "");
  EXPECT_EQ(check({root}, make(Recipe().with(NID_ext_key_usage, "serverAuth,clientAuth"), &root)),
            "");
  EXPECT_EQ(check({root}, make(with_digest(EVP_sha512()), &root)), "");
}

TEST_F(TrustTest, ValidityIncludesItsEnds) {
  const auto hour = std::chrono::hours(1);
  const Entity short_lived = make(valid(test::now, test::now + hour), &root);
  EXPECT_EQ(check({root}, short_lived, {}, "", test::now), "");
  EXPECT_EQ(check({root}, short_lived, {}, "", test::now + hour), "");
  EXPECT_NE(check({root}, short_lived, {}, "", test::now + hour + std::chrono::seconds(1)), "");
}

class IssuerDemand : public testing::TestWithParam<Demand> {};

TEST_P(IssuerDemand, IsChecked) {
  const Entity root = make_ca("root");
  const Entity issuer = make(GetParam().recipe, &root);
  EXPECT_TRUE(refused(check({root}, make({}, &issuer), {issuer}), insufficient, GetParam().reason));
}

Recipe spoil(Recipe recipe, const std::function<void(Recipe&)>& change) {
  change(recipe);
  return recipe;
}

INSTANTIATE_TEST_SUITE_P(
    All, IssuerDemand,
    testing::Values(Demand{"CaFalse", test::ca_recipe("ca").with(NID_basic_constraints, "CA:FALSE"),
                           "the issuer (CN=ca) has no basicConstraints with CA:TRUE"},
                    Demand{"NoBasicConstraints",
                           test::ca_recipe("ca").with(NID_basic_constraints, ""),
                           "has no basicConstraints"},
                    Demand{"NoCertSign", test::ca_recipe("ca").with(NID_key_usage, "cRLSign"),
                           "has no keyUsage with keyCertSign"},
                    Demand{"NoKeyUsage", test::ca_recipe("ca").with(NID_key_usage, ""),
                           "has no keyUsage with keyCertSign"},
                    Demand{"Sha1",
                           spoil(test::ca_recipe("ca"), [](Recipe& r) { r.digest = EVP_sha1(); }),
                           "is signed with ecdsa-with-SHA1"},
                    Demand{"Expired",
                           spoil(test::ca_recipe("ca"),
                                 [](Recipe& r) { r.until = test::now - std::chrono::seconds(9); }),
                           "the issuer (CN=ca) expired on"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(TrustTest, RefusesAnExpiredAnchor) {
  const Entity old = make(
      spoil(test::ca_recipe("old"), [](Recipe& r) { r.until = test::now - std::chrono::days(1); }),
      nullptr);
  EXPECT_TRUE(refused(check({old}, make({}, &old)), insufficient, "the trust anchor (CN=old)"));
}

TEST_F(TrustTest, RefusesWhatRfc5280Forbids) {
  const Entity no_depth = make(
      test::ca_recipe("flat").with(NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), &root);
  const Entity below = make_ca("below", &no_depth);
  EXPECT_EQ(check({root}, make({}, &no_depth), {no_depth}), "");
  EXPECT_TRUE(
      refused(check({root}, make({}, &below), {below, no_depth}), untrusted, "path length"));

  const int unknown = OBJ_create("1.3.6.1.4.1.55555.1", "unknownExtension", "unknown extension");
  EXPECT_EQ(check({root}, make(Recipe().with(unknown, "DER:0500"), &root)), "");
  EXPECT_TRUE(refused(check({root}, make(Recipe().with(unknown, "critical,DER:0500"), &root)),
                      untrusted, "unhandled critical extension at the certificate (CN=leaf)"));
}

TEST_F(TrustTest, ACrlCountsForItsIssuersCertificates) {
  EXPECT_TRUE(refused(check({root}, leaf, {middle}, test::crl_pem(middle, {leaf})), untrusted,
                      "serial number 1234, was revoked on 2026-11-21T17:51:52Z"));
  EXPECT_TRUE(refused(check({root}, leaf, {middle}, test::crl_pem(root, {middle})), untrusted,
                      "(CN=middle)"));
  EXPECT_EQ(check({root}, leaf, {middle}, test::crl_pem(middle, {})), "");
  // The same serial number of another issuer, and a CRL by another key of the same name.
  Recipe recipe;
  recipe.serial = 99;
  const Entity innocent = make(recipe, &middle);
  EXPECT_EQ(check({root}, innocent, {middle}, test::crl_pem(root, {innocent})), "");
  EXPECT_EQ(check({root}, leaf, {middle}, test::crl_pem(make_ca("middle"), {leaf})), "");
  EXPECT_EQ(
      check({root}, leaf, {middle}, test::crl_pem(middle, {leaf}, CRL_REASON_REMOVE_FROM_CRL)), "");
  const std::string both = test::crl_pem(root, {}) + test::crl_pem(middle, {leaf});
  EXPECT_NE(check({root}, leaf, {middle}, both), "");
}

TEST(TrustFiles, TwoAnchorsOfOneNameServeTheirOwnLeaves) {
  const Entity one = make_ca("root");
  const Entity two = make_ca("root");
  const Trust trust({"f", test::pem(one) + test::pem(two)}, {});
  for (const Entity* root : {&one, &two}) {
    EXPECT_NO_THROW(trust.check(make({}, root).get(), {}, test::now));
  }
}

TEST(TrustFiles, ThatCannotBeUsedAreUsageErrors) {
  const Entity root = make_ca("root");
  const std::string good = test::pem(root);
  std::string broken = good;
  broken[100] = '!';
  const std::string leaf = test::pem(make({}, &root));
  const std::string no_usage =
      test::pem(make(test::ca_recipe("x").with(NID_key_usage, ""), nullptr));
  for (const std::string& bad :
       {std::string("x"), std::string("\x30\x82\x01\x02"), broken, good + broken, leaf, good + leaf,
        no_usage, test::crl_pem(root, {})}) {
    try {
      const Trust trust({"trust anchor file f", bad}, {});
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_EQ(std::string(error.what()).rfind("trust anchor file f", 0), 0U) << error.what();
    }
  }
  EXPECT_THROW(Trust({"f", good}, {{"CRL file", good}}), Error);
  EXPECT_NO_THROW(Trust({"f", "some text\n" + good + good}, {{"c", test::crl_pem(root, {})}}));
}

TEST(CertificateText, SourceIdentityHasTheFormThatFits) {
  const auto of = [](const std::string& name) {
    return source_identity(make(named(name), nullptr).get());
  };
  EXPECT_EQ(of("web"), "CN=web");
  EXPECT_EQ(of(std::string(61, 'x')), "CN=" + std::string(61, 'x'));
  EXPECT_EQ(of(std::string(62, 'x')), std::string(62, 'x'));
  EXPECT_EQ(of(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(of(""), "ID=1234");
  Recipe recipe = named("");
  recipe.serial = 0xabc;
  EXPECT_EQ(source_identity(make(recipe, nullptr).get()), "ID=0abc");
}

TEST(CertificateText, IsWhatPeopleWrite) {
  Recipe recipe;
  recipe.name = "Jörg, \"ops\"";
  recipe.serial = 1;
  const Entity entity = make(recipe, nullptr);
  EXPECT_EQ(common_name(entity.get()), "Jörg, \"ops\"");
  EXPECT_EQ(subject_text(entity.get()), "CN=Jörg\\, \\\"ops\\\"");
  EXPECT_EQ(serial_hex(entity.get()), "01");
  EXPECT_EQ(serial_decimal(entity.get()), "1");
  recipe.serial = 0;
  EXPECT_EQ(serial_hex(make(recipe, nullptr).get()), "00");
}

}  // namespace
}  // namespace rolecall::emulate

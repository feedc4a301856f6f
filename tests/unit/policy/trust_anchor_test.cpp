#include "policy/trust_anchor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rolecall/error.h"
#include "unit/support/certificates.h"

namespace rolecall::policy {
namespace {

using identity::Certificate;
using rolecall::test::Entity;
using rolecall::test::make_ca;
using testing::HasSubstr;

Certificate certificate_of(const Entity& entity) {
  return {rolecall::test::der(entity.get()), "test"};
}

template <class Action>
std::string anchor_refusal(const Action& action) {
  try {
    action();
    return "accepted";
  } catch (const Error& error) {
    return error.what() + std::string("; ") + error.hint();
  }
}

TEST(TrustAnchorArn, IsTheCanonicalOne) {
  for (const std::string where :
       {"aws:rolesanywhere:eu-central-1", "aws-cn:rolesanywhere:cn-north-1",
        "aws-us-gov:rolesanywhere:us-gov-west-1", "aws-eusc:rolesanywhere:eusc-de-east-1",
        "aws-iso:rolesanywhere:us-iso-east-1", "aws-iso-b:rolesanywhere:us-isob-east-1",
        "aws-iso-e:rolesanywhere:eu-isoe-west-1", "aws-iso-f:rolesanywhere:us-isof-east-1"}) {
    const std::string arn = "arn:" + where + ":123456789012:trust-anchor/1-2";
    EXPECT_EQ(region_of_trust_anchor(arn), where.substr(where.rfind(':') + 1));
  }
  EXPECT_THAT(anchor_refusal([] {
                region_of_trust_anchor(
                    "arn:aws:rolesanywhere:eu-central-1:123456789012:alias/trust-anchor/main");
              }),
              HasSubstr("is an alias ARN, and policies compare only the canonical ARN"));
  EXPECT_THAT(
      anchor_refusal([] {
        region_of_trust_anchor("arn:aws-cn:rolesanywhere:eu-central-1:123456789012:trust-anchor/1");
      }),
      HasSubstr("eu-central-1"));
}

TEST(TrustAnchorFile, HasOneOrTwoCas) {
  const Entity root = make_ca("Root");
  const Entity leaf = make({}, &root);
  EXPECT_EQ(trust_anchor_pem({certificate_of(root)}, "root.pem"), pem(root));
  const Certificate one = certificate_of(root);
  EXPECT_EQ(trust_anchor_pem({one, one}, "root.pem"), pem(root) + pem(root));
  EXPECT_THAT(anchor_refusal([&] {
                trust_anchor_pem({one, one, one}, "root.pem");
              }),
              HasSubstr("root.pem has 3 certificates, and a trust anchor has at most 2"));
  EXPECT_THAT(anchor_refusal([&] { trust_anchor_pem({certificate_of(leaf)}, "leaf.pem"); }),
              HasSubstr("leaf.pem is not one of a CA"));
}

TEST(TrustAnchorFile, IsAtTheEndOfTheChain) {
  const Entity root = make_ca("Root");
  const Entity between = make_ca("Between", &root);
  const Entity leaf = make({}, &between);
  const Entity impostor = make_ca("Root");
  const Certificate certificate = certificate_of(leaf);
  const std::vector<Certificate> chain = {certificate_of(between)};
  EXPECT_TRUE(leads_to_anchor(certificate, chain, {certificate_of(root)}));
  EXPECT_TRUE(leads_to_anchor(certificate, {}, chain));
  EXPECT_TRUE(leads_to_anchor(certificate, chain, chain));
  EXPECT_FALSE(leads_to_anchor(certificate, {}, {certificate_of(root)}));
  EXPECT_FALSE(leads_to_anchor(certificate, chain, {certificate_of(impostor)}));
}

}  // namespace
}  // namespace rolecall::policy

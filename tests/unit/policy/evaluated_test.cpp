// What the policies of src/policy let in, by the emulator's evaluator, which shares no code with
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/json.h"
#include "emulate/error_response.h"
#include "emulate/session_tags.h"
#include "emulate/trust.h"
#include "emulate/trust_policy.h"
#include "policy/formats.h"
#include "policy/trust_policy.h"
#include "unit/policy/support.h"

namespace rolecall::policy {
namespace {

using test::Names;

const std::string own_anchor =
    "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/11111111-1111";
const std::string other_anchor =
    "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/22222222-2222";

struct Leaf {
  Names subject;
  Names issuer = test::ca;
  std::string san = {};
};

std::string policy_for(const Leaf& leaf, IdentifyBy by = IdentifyBy::best, bool group = false) {
  Setup setup;
  setup.trust_anchor_arn = own_anchor;
  setup.conditions =
      trust_conditions(test::certificate(leaf.subject, leaf.issuer, leaf.san), by, group).all;
  return json_policies(setup);
}

// "yes", or the reason.
std::string answer(const std::string& policy, const Leaf& leaf,
                   const std::string& anchor = own_anchor, const std::string& unmapped = "") {
  const auto entity = test::entity(leaf.subject, leaf.issuer, leaf.san);
  emulate::RequestContext context = {
      {"aws:sourcearn", anchor},
      {"aws:sourceaccount", "123456789012"},
      {"sts:rolesessionname", "1234"},
      {"sts:sourceidentity", emulate::source_identity(entity.get())}};
  for (const auto& [name, value] : emulate::session_tags(entity.get(), "ROLE"))
    if (name != unmapped) context["aws:principaltag/" + lower_case(name)] = value;
  const std::string refusal = emulate::TrustPolicy(policy, "policy").refusal(context);
  return refusal.empty() ? "yes" : refusal;
}

const Leaf rsa = {{{"O", "Example"}, {"CN", "app"}}};
const Leaf spiffe = {
    {{"O", "SPIRE"}}, {{"O", "SPIRE"}, {"CN", "CA 1"}}, "URI:spiffe://td/ns/a/sa/web"};
const Leaf directory = {
    {{"DC", "com"}, {"DC", "example"}, {"OU", "Computers"}, {"OU", "Web"}, {"CN", "web01"}},
    {{"DC", "com"}, {"DC", "example"}, {"CN", "Example Issuing CA"}},
    "DNS:web01.example.com"};

Leaf with_cn(Leaf leaf, const std::string& cn) {
  leaf.subject.back().second = cn;
  return leaf;
}

Leaf from(Leaf leaf, const Names& issuer) {
  leaf.issuer = issuer;
  return leaf;
}

TEST(EvaluatedPolicy, LetsInItsOwnCertificate) {
  for (const Leaf& leaf : {rsa, spiffe, directory}) {
    EXPECT_EQ(answer(policy_for(leaf), leaf), "yes");
    EXPECT_EQ(answer(policy_for(leaf, IdentifyBy::subject), leaf), "yes");
    EXPECT_EQ(answer(policy_for(leaf, IdentifyBy::source_identity), leaf), "yes");
  }
  EXPECT_EQ(answer(policy_for(directory, IdentifyBy::dns), directory), "yes");
  const Leaf foreign = {{{"CN", "J\u00f6rg \u65e5\u672c"}}};
  EXPECT_EQ(answer(policy_for(foreign), foreign), "yes");
}

TEST(EvaluatedPolicy, RefusesOthers) {
  const Names other_ca = {{"O", "Example"}, {"CN", "Other CA"}};
  EXPECT_NE(answer(policy_for(rsa), with_cn(rsa, "app2")), "yes");
  EXPECT_NE(answer(policy_for(rsa), with_cn(rsa, "App")), "yes");
  EXPECT_NE(answer(policy_for(directory), with_cn(directory, "web02")), "yes");
  Leaf neighbour = spiffe;
  neighbour.san = "URI:spiffe://td/ns/a/sa/web2";
  EXPECT_NE(answer(policy_for(spiffe), neighbour), "yes");
  for (const Leaf& leaf : {rsa, spiffe, directory}) {
    for (const IdentifyBy by :
         {IdentifyBy::best, IdentifyBy::subject, IdentifyBy::source_identity}) {
      const std::string policy = policy_for(leaf, by);
      EXPECT_NE(answer(policy, from(leaf, other_ca)), "yes");
      EXPECT_NE(answer(policy, leaf, other_anchor), "yes");
      EXPECT_NE(answer(policy, leaf, own_anchor, "x509Issuer/CN"), "yes");
    }
  }
  EXPECT_NE(answer(policy_for(rsa), rsa, own_anchor, "x509Subject/CN"), "yes");
  EXPECT_NE(answer(policy_for(spiffe), spiffe, own_anchor, "x509SAN/URI"), "yes");
  EXPECT_NE(answer(policy_for(directory), directory, own_anchor, "x509Issuer/DC"), "yes");
}

TEST(EvaluatedPolicy, LetsInTheGroupOnly) {
  const std::string path = policy_for(spiffe, IdentifyBy::best, true);
  const auto uri = [](const std::string& text) {
    Leaf leaf = spiffe;
    leaf.san = "URI:" + text;
    return leaf;
  };
  EXPECT_EQ(answer(path, spiffe), "yes");
  EXPECT_EQ(answer(path, uri("spiffe://td/ns/a/sa/db")), "yes");
  EXPECT_NE(answer(path, uri("spiffe://td/ns/a/sab/db")), "yes");
  EXPECT_NE(answer(path, uri("spiffe://td/ns/b/sa/web")), "yes");
  EXPECT_NE(answer(path, uri("spiffe://td2/ns/a/sa/web")), "yes");
  EXPECT_NE(answer(path, from(spiffe, test::ca)), "yes");

  const std::string ou = policy_for(directory, IdentifyBy::best, true);
  const auto unit = [](const Names& units) {
    Leaf leaf = directory;
    leaf.subject = {{"DC", "com"}, {"DC", "example"}};
    leaf.subject.insert(leaf.subject.end(), units.begin(), units.end());
    leaf.subject.emplace_back("CN", "other");
    return leaf;
  };
  EXPECT_EQ(answer(ou, directory), "yes");
  EXPECT_EQ(answer(ou, unit({{"OU", "Computers"}, {"OU", "Web"}})), "yes");
  EXPECT_EQ(answer(ou, unit({{"OU", "Computers"}, {"OU", "Web"}, {"OU", "Inner"}})), "yes");
  EXPECT_NE(answer(ou, unit({{"OU", "Computers"}})), "yes");
  EXPECT_NE(answer(ou, unit({{"OU", "Computers"}, {"OU", "Website"}})), "yes");
}

TEST(EvaluatedPolicy, TakesHostileValuesAsTheyAre) {
  // The tags of these certificates are refused, so only the source identity can identify them.
  for (const std::string name :
       {"a\"$(id)'${aws:username}*?%{if}", "${sts:SourceIdentity}", "*", "${*}", "$", "a\nb"}) {
    policy::Setup setup;
    setup.trust_anchor_arn = own_anchor;
    const auto leaf = test::certificate({{"CN", name}}, test::ca);
    setup.conditions = trust_conditions(leaf, IdentifyBy::source_identity, false).all;
    const emulate::TrustPolicy policy(json_policies(setup), "policy");
    emulate::RequestContext context = {{"aws:sourcearn", own_anchor},
                                       {"aws:principaltag/x509issuer/o", "Example"},
                                       {"aws:principaltag/x509issuer/cn", "Example CA"},
                                       {"sts:sourceidentity", "CN=" + name}};
    EXPECT_EQ(policy.refusal(context), "") << name;
    context["sts:sourceidentity"] = "CN=other";
    EXPECT_NE(policy.refusal(context), "") << name;
  }
}

}  // namespace
}  // namespace rolecall::policy

// A trust policy for emulate: who may assume the role.
#include "emulate/trust_policy.h"

#include <optional>

#include "base/json.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

using emulate::RequestContext;
using emulate::TrustPolicy;

const RequestContext& request() {
  static const RequestContext made = {
      {"aws:sourcearn",
       "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/"
       "11111111-1111-4111-8111-111111111111"},
      {"aws:sourceaccount", "123456789012"},
      {"sts:sourceidentity", "CN=web"},
      {"sts:rolesessionname", "0abc"},
      {"aws:principaltag/x509subject/cn", "web"},
      {"aws:principaltag/x509subject/ou", "Unit/Web"},
      {"aws:principaltag/x509san/uri", "spiffe://example.org/ns/prod/sa/web"},
      {"aws:principaltag/x509issuer/cn", "J\u00f6rg*?${a}"}};
  return made;
}

json one_statement(const char* effect) {
  return {{"Effect", effect},
          {"Principal", {{"Service", "rolesanywhere.amazonaws.com"}}},
          {"Action", "*"}};
}

std::string with_statement(json policy, const char* effect) {
  json& statements = policy["Statement"];
  if (!statements.is_array()) statements = json::array({statements});
  statements.push_back(one_statement(effect));
  return to_text(policy);
}

// What the policy is read as must be what is evaluated, and a denial must win.
void run(std::string_view input) {
  std::optional<TrustPolicy> policy;
  if (refuses([&] { policy.emplace(input, "file p"); })) return;
  const auto refusal_of = [](const std::string& text) {
    return TrustPolicy(text, "file p").refusal(request());
  };
  const std::string refusal = policy->refusal(request());
  const json parsed = parse_json(input);
  require(refusal_of(to_text(parsed)) == refusal, "the spaces in a policy mean nothing");
  require(!refusal_of(with_statement(parsed, "Deny")).empty(), "what is denied is not allowed");
  const std::string wider = refusal_of(with_statement(parsed, "Allow"));
  require(!refusal.empty() || wider.empty(), "one more permission takes none away");
  require(wider.empty() || wider.find(" denies ") != std::string::npos,
          "only a denial takes a permission away");
  static_cast<void>(policy->refusal({}));
}

std::string policy_of(const std::string& condition) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":)"
         R"("rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession",)"
         R"("sts:SetSourceIdentity"],"Condition":{)" +
         condition + "}}]}";
}

std::vector<std::string> seeds() {
  return {
      policy_of(R"("ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:us-east-1:123456789012:)"
                R"(trust-anchor/11111111-1111-4111-8111-111111111111"},"StringEquals":)"
                R"({"aws:PrincipalTag/x509Subject/CN":"web"})"),
      policy_of(R"("ForAnyValue:StringLikeIfExists":{"aws:PrincipalTag/x509SAN/URI":)"
                R"(["spiffe://example.org/ns/prod/*","a${*}?"]})"),
      policy_of(R"("StringNotEqualsIgnoreCase":{"sts:SourceIdentity":)"
                R"("CN=${aws:PrincipalTag/x509Subject/CN, 'none'}"},"Null":)"
                R"({"aws:PrincipalTag/a":true})"),
      policy_of(R"("ArnNotLike":{"aws:SourceArn":"arn:aws:*:us-*:?23456789012:trust-anchor/*"},)"
                R"("ForAllValues:StringEquals":{"aws:PrincipalTag/x509Issuer/CN":)"
                R"("J\u00f6rg*?${$}{a}"})"),
      R"({"Version":"2012-10-17","Id":"x","Statement":{"Sid":"y","Effect":"Deny","Principal":)"
      R"({"AWS":"arn:aws:iam::123456789012:root"},"Action":"STS:assume*"}})"};
}

const Registration target({"trust_policy", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

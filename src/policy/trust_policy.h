// The conditions under which a role trusts one certificate, or a group of certificates.
//
// IAM compares the session tags that the service makes from the certificate. If the profile does
// not map a tag, a positive test of it is never true, and a negated test always is. So there are
// only positive tests here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::policy {

// What identifies the certificate. best: the URI of the SAN, otherwise the CN of the subject,
// otherwise the first DNS name of the SAN.
enum class IdentifyBy { best, uri, common_name, dns, source_identity, subject };

struct Condition {
  std::string test;                 // "StringEquals" or "StringLike"
  std::string key;                  // "aws:PrincipalTag/x509Subject/CN"
  std::vector<std::string> values;  // one of them must match. Escaped as policies need it
};

struct TrustConditions {
  std::vector<Condition> all;         // all of them must be true
  std::vector<std::string> warnings;  // sentences without a full stop
};

// Identity and issuer of `leaf`. With `for_group`, the policy lets in a group instead: all SPIFFE
// IDs below the parent of the certificate's path, or the certificate's OU. Throws Error (usage) if
// the certificate has nothing that identifies it, or the group, in this way.
TrustConditions trust_conditions(const identity::Certificate& leaf, IdentifyBy by, bool for_group);

// The text as a value in a policy: "$" starts a variable there, so it becomes "${$}". In a pattern
// (StringLike), "*" and "?" become "${*}" and "${?}".
std::string policy_value(std::string_view text);
std::string policy_pattern(std::string_view text);

}  // namespace rolecall::policy

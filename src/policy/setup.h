// What the policies, or a complete setup, consist of.
#pragma once

#include <string>
#include <vector>

#include "identity/session_tags.h"
#include "policy/trust_policy.h"

namespace rolecall::policy {

struct Setup {
  std::vector<Condition> conditions;
  std::vector<std::string> source_ips;  // empty: no policy for addresses
  std::string role_name;
  std::string trust_anchor_arn;  // empty: the setup creates one from `trust_anchor_pem`
  std::string region;            // of `trust_anchor_arn`
  std::string trust_anchor_pem;
  // All session tags of the certificate. The setup removes the mappings of those that STS refuses.
  std::vector<identity::SessionTag> tags;
};

}  // namespace rolecall::policy

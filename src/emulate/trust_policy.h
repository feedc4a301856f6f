// The trust policy of the emulated role, evaluated as STS would. Only a part of IAM's policy
// language is known here. Everything else is an error when the policy is read, so that the answer
// is never "yes" by mistake.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulate/policy_conditions.h"

namespace rolecall::emulate {

struct PolicyStatement {
  std::string label;  // "statement 2", for messages
  bool allows = false;
  bool names_service = false;  // whether the principal is IAM Roles Anywhere
  std::vector<std::string> actions;
  std::vector<PolicyCondition> conditions;
};

class TrustPolicy {
 public:
  // `name` is the name of the file, for messages. Throws Error (usage) if the text is not a policy,
  // or has something that is not known here.
  TrustPolicy(std::string_view text, const std::string& name);

  // Empty if the policy allows IAM Roles Anywhere all three actions of CreateSession. Otherwise the
  // reason, for people.
  std::string refusal(const RequestContext& context) const;

 private:
  std::vector<PolicyStatement> statements_;
};

}  // namespace rolecall::emulate

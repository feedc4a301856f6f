// Amazon Resource Names.
#pragma once

#include <string>

namespace rolecall::aws {

struct Arn {
  std::string partition;  // "aws", "aws-cn", …
  std::string service;
  std::string region;   // empty where the service has none
  std::string account;  // 12 digits
  std::string resource;
};

// Reads "arn:<partition>:<service>:<region>:<account>:<resource>" of the kind that --role-arn,
// --profile-arn and --trust-anchor-arn take; for the last two an alias ARN, too. Whether the
// partition is known is endpoint.h's to say. Throws Error (usage), which names the flag and what is
// wrong (IAM User Guide, "IAM identifiers"; IAM Roles Anywhere, "Actions, resources, and
// condition keys" and "Resource aliases").
Arn parse_role_arn(const std::string& text);
Arn parse_profile_arn(const std::string& text);
Arn parse_trust_anchor_arn(const std::string& text);

}  // namespace rolecall::aws

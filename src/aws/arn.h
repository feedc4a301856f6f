// Amazon Resource Names.
#pragma once

#include <string>

namespace rolecall::aws {

struct Arn {
  std::string partition;  // "aws", "aws-cn", …
  std::string service;
  std::string region;   // empty if the service has no regions
  std::string account;  // 12 digits
  std::string resource;
};

// Each function parses an ARN "arn:<partition>:<service>:<region>:<account>:<resource>" of the kind
// that the option role-arn, profile-arn or trust-anchor-arn takes. Profiles and trust anchors can
// also have alias ARNs. The functions do not check whether the partition is known (see
// aws/endpoint.h). Throws Error (usage); its message names the option and what is wrong.
// Sources: IAM User Guide, "IAM identifiers"; IAM Roles Anywhere, "Actions, resources, and
// condition keys" and "Resource aliases".
Arn parse_role_arn(const std::string& text);
Arn parse_profile_arn(const std::string& text);
Arn parse_trust_anchor_arn(const std::string& text);

}  // namespace rolecall::aws

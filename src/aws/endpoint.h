// The service's own host names.
#pragma once

#include <string>

namespace rolecall::aws {

// "https://rolesanywhere.us-east-1.amazonaws.com" (AWS General Reference, "IAM Roles Anywhere
// endpoints"; the suffixes by partition: see the SDKs' partition metadata). `partition` is the
// ARNs'. Throws Error (usage) where the region is not one of that partition, the partition is
// unknown, or has no dual-stack names.
std::string service_endpoint(const std::string& partition, const std::string& region, bool use_fips,
                             bool use_dualstack);

}  // namespace rolecall::aws

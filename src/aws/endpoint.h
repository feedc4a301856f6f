// The service's own host names.
#pragma once

#include <string>

namespace rolecall::aws {

// Throws Error (usage) if the partition is known and the region is one of another: ARNs that say
// both were not copied as they are. An unknown partition may have any region.
void check_region(const std::string& partition, const std::string& region);

// "https://rolesanywhere.us-east-1.amazonaws.com" (AWS General Reference, "IAM Roles Anywhere
// endpoints"; the suffixes by partition: see the SDKs' partition metadata). `partition` is the
// ARNs'. Throws Error (usage) if the partition is unknown, the region is not one of it, or has no
// FIPS host.
std::string service_endpoint(const std::string& partition, const std::string& region, bool use_fips,
                             bool use_dualstack);

}  // namespace rolecall::aws

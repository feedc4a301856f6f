// The host names of IAM Roles Anywhere and of AWS STS.
#pragma once

#include <string>

namespace rolecall::aws {

// Checks that the region belongs to the partition. Throws Error (usage) if the partition is known
// and the region belongs to another one: such an ARN was changed after it was copied. An unknown
// partition may have any region.
void check_region(const std::string& partition, const std::string& region);

// Returns an origin such as "https://rolesanywhere.us-east-1.amazonaws.com". `partition` is that of
// the ARNs. Throws Error (usage) if the partition is unknown, if the region does not belong to it,
// or if `use_fips` is true and the region has no FIPS endpoint. Sources: AWS General Reference,
// "IAM Roles Anywhere endpoints"; for the suffix of each partition, the SDKs' partition metadata.
std::string service_endpoint(const std::string& partition, const std::string& region, bool use_fips,
                             bool use_dualstack);

// The same for AWS STS.
std::string sts_endpoint(const std::string& partition, const std::string& region, bool use_fips,
                         bool use_dualstack);

}  // namespace rolecall::aws

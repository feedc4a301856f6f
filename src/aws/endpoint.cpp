#include "aws/endpoint.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

struct Partition {
  std::string_view name;
  std::string_view region_prefix;  // empty: all regions that no other partition has
  std::string_view suffix;
  std::string_view dualstack_suffix;
};

// Source: the SDKs' partition metadata (botocore's partitions.json). To add a partition, add a
// line.
constexpr std::array<Partition, 8> partitions = {{
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"},
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"aws", "", "amazonaws.com", "api.aws"},  // last, because it takes all remaining regions
}};

constexpr std::array<std::string_view, 6> fips_regions = {
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-east-1", "us-gov-west-1"};

// Returns nullptr if the partition is unknown.
const Partition* find_partition(std::string_view name) {
  const auto* found = std::find_if(partitions.begin(), partitions.end(),
                                   [name](const Partition& one) { return one.name == name; });
  return found == partitions.end() ? nullptr : found;
}

const Partition& partition_of_region(std::string_view region) {
  return *std::find_if(partitions.begin(), partitions.end(), [region](const Partition& one) {
    return region.starts_with(one.region_prefix);
  });
}

void check_fips(const std::string& region) {
  if (std::find(fips_regions.begin(), fips_regions.end(), region) != fips_regions.end()) return;
  throw Error(ErrorKind::usage, "IAM Roles Anywhere has no FIPS endpoint in region " + region,
              "leave out `use-fips` (AWS_USE_FIPS_ENDPOINT); FIPS endpoints exist only in " +
                  list_text(fips_regions, "and"));
}

}  // namespace

void check_region(const std::string& partition, const std::string& region) {
  const Partition* known = find_partition(partition);
  const Partition& expected = partition_of_region(region);
  if (known == nullptr || known == &expected) return;
  throw Error(ErrorKind::usage,
              cat("region ", region, " belongs to the partition ", expected.name,
                  ", but the ARNs belong to ", partition),
              "copy the ARNs again from the console or from `aws rolesanywhere list-profiles`");
}

namespace {

std::string endpoint_of(std::string_view host, std::string_view fips_host,
                        const std::string& partition, const std::string& region, bool use_fips,
                        bool use_dualstack) {
  const Partition* known = find_partition(partition);
  if (known == nullptr) {
    throw Error(ErrorKind::usage, "the partition of the ARNs, " + partition + ", is unknown",
                "check the ARNs; if this partition exists, name its host with `endpoint`");
  }
  check_region(partition, region);
  if (use_fips) check_fips(region);
  return cat("https://", use_fips ? fips_host : host, ".", region, ".",
             use_dualstack ? known->dualstack_suffix : known->suffix);
}

}  // namespace

std::string service_endpoint(const std::string& partition, const std::string& region, bool use_fips,
                             bool use_dualstack) {
  return endpoint_of("rolesanywhere", "rolesanywhere-fips", partition, region, use_fips,
                     use_dualstack);
}

std::string sts_endpoint(const std::string& partition, const std::string& region, bool use_fips,
                         bool use_dualstack) {
  // In the partition aws-us-gov, the usual host is the FIPS endpoint too.
  return endpoint_of("sts", partition == "aws-us-gov" ? "sts" : "sts-fips", partition, region,
                     use_fips, use_dualstack);
}

}  // namespace rolecall::aws

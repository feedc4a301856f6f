#include "aws/endpoint.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

struct Partition {
  std::string_view name;
  std::string_view region_prefix;  // empty: every region that no other partition claims
  std::string_view suffix;
  std::string_view dualstack_suffix;  // empty: none
};

constexpr std::array<Partition, 7> partitions = {{
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"},
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", ""},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", ""},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", ""},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", ""},
    {"aws", "", "amazonaws.com", "api.aws"},
}};

}  // namespace

std::string service_endpoint(const std::string& partition, const std::string& region, bool use_fips,
                             bool use_dualstack) {
  const auto* of_region =
      std::find_if(partitions.begin(), partitions.end(),
                   [&](const Partition& p) { return region.starts_with(p.region_prefix); });
  const bool known = std::any_of(partitions.begin(), partitions.end(),
                                 [&](const Partition& p) { return p.name == partition; });
  if (!known) {
    throw Error(ErrorKind::usage, "partition " + partition + " of the ARNs is not known here",
                "name the service's host with --endpoint");
  }
  if (of_region->name != partition) {
    throw Error(ErrorKind::usage,
                "region " + region + " belongs to the partition " + std::string(of_region->name) +
                    ", but the ARNs to " + partition,
                "copy the ARNs again from the console or from `aws rolesanywhere list-profiles`");
  }
  if (use_dualstack && of_region->dualstack_suffix.empty()) {
    throw Error(ErrorKind::usage, "partition " + partition + " has no dual-stack endpoints",
                "leave out --use-dualstack (AWS_USE_DUALSTACK_ENDPOINT)");
  }
  std::string host = use_fips ? "https://rolesanywhere-fips." : "https://rolesanywhere.";
  host += region + ".";
  host += use_dualstack ? of_region->dualstack_suffix : of_region->suffix;
  return host;
}

}  // namespace rolecall::aws

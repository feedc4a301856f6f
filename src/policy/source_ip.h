// The networks from which a role may be used (aws:SourceIp).
#pragma once

#include <string>
#include <vector>

namespace rolecall::policy {

struct SourceIps {
  std::vector<std::string> networks;  // "192.0.2.0/24", "2001:db8::/64"
  std::vector<std::string> warnings;
};

// `texts` are addresses, or networks in CIDR notation. Throws Error (usage) if one of them is
// neither. With at least one network, warns about VPC endpoints.
SourceIps check_source_ips(const std::vector<std::string>& texts);

}  // namespace rolecall::policy

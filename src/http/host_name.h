// Names of hosts and numeric addresses, without a port.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolecall::http {

inline constexpr std::size_t longest_host_name = 253;  // the limit of DNS

bool is_ip_address(const std::string& text);

// Whether `name`, in lower case, can be the name or address in a Host header.
bool is_host_name(std::string_view name);

}  // namespace rolecall::http

#include "http/host_name.h"

#include <arpa/inet.h>

#include "base/text.h"

namespace rolecall::http {

bool is_ip_address(const std::string& text) {
  in6_addr ignored{};
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

bool is_host_name(std::string_view name) {
  return name.size() <= longest_host_name &&
         (is_ip_address(std::string(name)) || only(name, lower_letters, ascii_digits, "-_."));
}

}  // namespace rolecall::http

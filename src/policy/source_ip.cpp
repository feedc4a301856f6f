#include "policy/source_ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::policy {
namespace {

struct Network {
  int family = AF_INET;
  std::array<unsigned char, 16> address{};
  unsigned prefix = 0;

  unsigned bits() const { return family == AF_INET ? 32 : 128; }
};

std::string network_text(const Network& network) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(network.family, network.address.data(), text.data(),
            static_cast<socklen_t>(text.size()));
  return cat(text.data(), "/", network.prefix);
}

std::optional<Network> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  Network network;
  if (inet_pton(AF_INET, address.c_str(), network.address.data()) != 1) {
    network.family = AF_INET6;
    if (inet_pton(AF_INET6, address.c_str(), network.address.data()) != 1) return std::nullopt;
  }
  network.prefix = network.bits();
  if (slash == std::string::npos) return network;
  const auto prefix = parse_number<unsigned>(std::string_view(text).substr(slash + 1));
  if (!prefix || *prefix > network.bits()) return std::nullopt;
  network.prefix = *prefix;
  return network;
}

Network without_host_bits(Network network) {
  for (unsigned bit = network.prefix; bit < network.bits(); ++bit)
    network.address[bit / 8] &= static_cast<unsigned char>(~(0x80U >> (bit % 8)));
  return network;
}

bool is_part_of(const Network& inner, const Network& outer) {
  if (outer.family != inner.family || outer.prefix > inner.prefix) return false;
  Network cut = inner;
  cut.prefix = outer.prefix;
  return without_host_bits(cut).address == outer.address;
}

// AWS sees none of these as the source of a request.
bool is_private(const Network& network) {
  constexpr std::array<const char*, 9> ranges = {"10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
                                                 "100.64.0.0/10", "127.0.0.0/8",   "169.254.0.0/16",
                                                 "fc00::/7",      "fe80::/10",     "::1/128"};
  return std::any_of(ranges.begin(), ranges.end(), [&network](const char* range) {
    return is_part_of(network, *parse_network(range));
  });
}

}  // namespace

SourceIps check_source_ips(const std::vector<std::string>& texts) {
  SourceIps result;
  for (const std::string& text : texts) {
    const auto network = parse_network(text);
    if (!network) {
      throw Error(ErrorKind::usage, cat("`source-ip` \"", text, "\" is not a network"),
                  "its form is 192.0.2.0/24, 192.0.2.1, 2001:db8::/64 or 2001:db8::1");
    }
    const Network clean = without_host_bits(*network);
    if (clean.address != network->address) {
      throw Error(ErrorKind::usage,
                  cat("`source-ip` \"", text, "\" is an address in a network, not a network"),
                  cat("for the network, use ", network_text(clean)));
    }
    if (clean.prefix == 0)
      result.warnings.push_back(cat("`source-ip` ", text, " contains all addresses"));
    if (is_private(clean)) {
      result.warnings.push_back(
          cat("`source-ip` ", text,
              " is a private network: AWS sees the public address behind which it is"));
    }
    result.networks.push_back(network_text(clean));
  }
  if (!texts.empty()) {
    result.warnings.emplace_back(
        "requests through a VPC endpoint have no aws:SourceIp, so the policy for `source-ip` "
        "denies "
        "all of them; for such clients, test aws:SourceVpce or aws:VpcSourceIp instead");
  }
  return result;
}

}  // namespace rolecall::policy

#include "serve/guard.h"

#include <arpa/inet.h>

#include <string_view>

#include "base/codec.h"
#include "http/listener.h"

namespace rolecall::serve {
namespace {

constexpr std::size_t most_headers = 8 * 1024;

bool is_numeric(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

// "127.0.0.1:9911" → "127.0.0.1", "[::1]" → "::1"; empty where it is neither (RFC 9110, 7.2).
std::string host_of(std::string_view value) {
  std::string_view host = value;
  std::string_view rest;
  if (value.starts_with('[')) {
    const std::size_t end = value.find(']');
    if (end == std::string_view::npos) return {};
    host = value.substr(1, end - 1);
    rest = value.substr(end + 1);
  } else if (const std::size_t colon = value.find(':'); colon != std::string_view::npos) {
    host = value.substr(0, colon);
    rest = value.substr(colon);
  }
  const bool port = rest.empty() || (rest.front() == ':' &&
                                     rest.substr(1).find_first_not_of("0123456789") == rest.npos);
  return port ? lower_case(host) : std::string();
}

bool is_ours(const std::string& host, const std::string& address) {
  if (host == "localhost" || host == address || http::is_loopback(host)) return true;
  return (address == "0.0.0.0" || address == "::") && is_numeric(host);
}

}  // namespace

std::optional<Refusal> refuse(const http::Request& request, const std::string& address) {
  std::size_t size = request.path.size() + request.query.size();
  const std::string* host = nullptr;
  for (const http::Header& header : request.headers) {
    size += header.name.size() + header.value.size() + 4;
    // RFC 9112, 5.1: a blank before the colon may hide a header from whoever looks for its name.
    if (header.name.find_first_of(" \t") != std::string::npos) {
      return Refusal{400, "a header whose name has a blank in it"};
    }
    if (http::same_name(header.name, "host")) {
      if (host != nullptr) return Refusal{400, "two Host headers"};
      host = &header.value;
    } else if (http::same_name(header.name, "x-forwarded-for")) {
      return Refusal{403, "the request came through a proxy (X-Forwarded-For)"};
    }
  }
  if (size > most_headers) return Refusal{431, "headers of more than 8 KiB"};
  if (host == nullptr) return Refusal{400, "no Host header"};
  if (!is_ours(host_of(*host), address)) {
    return Refusal{403,
                   "the Host header names neither this machine's loopback nor the address "
                   "that is listened on"};
  }
  if (!request.body.empty() || request.body_too_large) return Refusal{413, "a body"};
  return std::nullopt;
}

}  // namespace rolecall::serve

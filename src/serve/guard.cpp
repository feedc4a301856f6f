#include "serve/guard.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/codec.h"
#include "base/text.h"
#include "http/host_name.h"
#include "http/listener.h"
#include "rolecall/error.h"

namespace rolecall::serve {
namespace {

constexpr std::size_t max_header_bytes = 8 * 1024;

bool is_allowed_host(const std::string& host, const std::string& address,
                     const std::vector<std::string>& names) {
  if (host == "localhost" || host == address || http::is_loopback(host)) return true;
  if (std::find(names.begin(), names.end(), host) != names.end()) return true;
  return (address == "0.0.0.0" || address == "::") && http::is_ip_address(host);
}

Refusal refusal_of_host(const std::string& value, const std::string& host) {
  if (!http::is_host_name(host)) return {403, "the Host header is not the name of a host"};
  return {403, "the Host header " + value.substr(0, http::longest_host_name) +
                   " is neither a name of this machine's loopback nor the address that rolecall "
                   "serve listens on; to allow this name, start rolecall serve with --allow-host " +
                   host};
}

// Headers that show that a request was forwarded. There are dozens besides the standard one, and
// proxies and CDNs invent more. Most of their names consist of these words.
constexpr std::string_view forwarding_word = "forwarded";  // at any position
constexpr std::array<std::string_view, 3> forwarding_prefixes = {"x-original-", "x-envoy-",
                                                                 "x-rewrite-"};
constexpr std::array<std::string_view, 6> forwarding_suffixes = {
    "via", "ip", "cdn-loop", "clientip", "socketip", "remote-addr"};

// In lower case, and with "-" for "_", because some servers read "_" as "-".
constexpr char normalized(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '_' ? '-' : c;
}

bool has_word_at(std::string_view name, std::size_t position, std::string_view word) {
  for (std::size_t i = 0; i < word.size(); ++i)
    if (normalized(name[position + i]) != word[i]) return false;
  return true;
}

bool ends_with_word(std::string_view name, std::string_view word) {
  if (name.size() < word.size()) return false;
  const std::size_t begin = name.size() - word.size();
  return has_word_at(name, begin, word) && (begin == 0 || normalized(name[begin - 1]) == '-');
}

// This runs for each header of each request. For speed, it compares one letter first, which rules
// out most names.
bool is_forwarding_header(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i + forwarding_word.size() <= name.size(); ++i)
    if ((name[i] | 0x20) == forwarding_word.front() && has_word_at(name, i, forwarding_word))
      return true;
  if (normalized(name.front()) == 'x') {
    for (const std::string_view word : forwarding_prefixes)
      if (name.size() >= word.size() && has_word_at(name, 0, word)) return true;
  }
  const char last = normalized(name.back());
  for (const std::string_view word : forwarding_suffixes)
    if (last == word.back() && ends_with_word(name, word)) return true;
  return false;
}

// How the request came, if this header shows that no SDK sent it directly: "through a proxy" or
// "from a web page"; otherwise empty. For Sec-Fetch-Site, "none" means that the
// browser's user started the request, and "same-origin" means a page of serve itself, which has no
// pages.
std::string_view indirect_way_of(const http::Header& header) {
  if (is_forwarding_header(header.name)) return "through a proxy";
  const bool is_from_page = http::same_name(header.name, "sec-fetch-site") &&
                            !http::same_name(header.value, "same-origin") &&
                            !http::same_name(header.value, "none");
  return is_from_page || http::same_name(header.name, "origin") ? "from a web page" : "";
}

constexpr std::size_t longest_shown_name = 64;

std::string shown_name(const std::string& name) {
  return name.size() <= longest_shown_name ? name : name.substr(0, longest_shown_name) + "…";
}

std::optional<Refusal> refusal_of_malformed(const http::Request& request) {
  if (request.malformed.empty()) return std::nullopt;
  return Refusal{400, "the request is malformed: " + request.malformed};
}

std::optional<Refusal> refusal_of_body(const http::Request& request) {
  if (request.body.empty() && !request.body_too_large) return std::nullopt;
  return Refusal{413, "the request has a body"};
}

}  // namespace

std::optional<Refusal> reason_to_refuse_form(const http::Request& request) {
  if (auto refused = refusal_of_malformed(request)) return refused;
  return refusal_of_body(request);
}

std::optional<Refusal> reason_to_refuse(const http::Request& request, const std::string& address,
                                        const std::vector<std::string>& names) {
  if (auto refused = refusal_of_malformed(request)) return refused;
  std::size_t size = request.path.size() + request.query.size();
  const std::string* host = nullptr;
  for (const http::Header& header : request.headers) {
    size += header.name.size() + header.value.size() + 4;
    if (http::same_name(header.name, "host")) {
      if (host != nullptr) return Refusal{400, "the request has two Host headers"};
      host = &header.value;
    } else if (const std::string_view way = indirect_way_of(header); !way.empty()) {
      return Refusal{403, cat("the request came ", way, " (", shown_name(header.name), ")")};
    }
  }
  if (size > max_header_bytes) return Refusal{431, "the headers have more than 8 KiB"};
  if (host == nullptr) return Refusal{400, "the request has no Host header"};
  const auto server = http::parse_socket_name(*host);
  const std::string name = server ? lower_case(server->address) : std::string();
  if (!is_allowed_host(name, address, names)) return refusal_of_host(*host, name);
  return refusal_of_body(request);
}

std::optional<Refusal> reason_to_refuse_user(const std::vector<uid_t>& allowed,
                                             std::optional<uid_t> user) {
  if (!user) {
    return Refusal{403,
                   "rolecall serve gives these credentials only to some users of this machine "
                   "(--allow-uid), and it cannot find out which user the client is"};
  }
  if (std::find(allowed.begin(), allowed.end(), *user) != allowed.end()) return std::nullopt;
  return Refusal{403, cat("rolecall serve does not give these credentials to user ", *user,
                          "; to allow this user, start rolecall serve with --allow-uid ", *user)};
}

}  // namespace rolecall::serve

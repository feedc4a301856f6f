#include "base/spiffe_source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>

#include "base/codec.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr std::string_view spiffe_scheme = "spiffe:";
constexpr std::string_view unix_scheme = "unix:";
constexpr std::string_view tcp_scheme = "tcp://";
constexpr std::size_t longest_id = 2048;  // SPIFFE-ID, 2.3
constexpr std::size_t longest_socket = sizeof(sockaddr_un::sun_path) - 1;

constexpr const char* forms =
    "the forms are spiffe: (the agent of SPIFFE_ENDPOINT_SOCKET), spiffe:unix:///PATH and "
    "spiffe:tcp://127.0.0.1:PORT; after each of them, ?hint=NAME or ?id=spiffe://… chooses an "
    "identity";

[[noreturn]] void refuse(std::string_view text, const std::string& why,
                         const std::string& hint = forms) {
  throw Error(ErrorKind::usage, cat("\"", text, "\" names no SPIFFE agent: ", why), hint);
}

bool is_address_of_this_machine(const std::string& address, int family) {
  if (family == AF_INET) {
    in_addr parsed{};
    return inet_pton(AF_INET, address.c_str(), &parsed) == 1 &&
           (ntohl(parsed.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  in6_addr parsed{};
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1 && IN6_IS_ADDR_LOOPBACK(&parsed);
}

std::string tcp_address(std::string_view text, std::string_view address) {
  const std::size_t colon = address.rfind(':');
  std::string host(address.substr(0, colon));
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : parse_number<std::uint16_t>(address.substr(colon + 1));
  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  if (!port || *port == 0 || host.empty()) refuse(text, "after tcp://, ADDRESS:PORT must follow");
  if (!is_address_of_this_machine(host, has_brackets ? AF_INET6 : AF_INET)) {
    refuse(text, cat(host, " is not an address of this machine"),
           "the agent sends the private key without encryption, so only 127.0.0.1, [::1] and Unix "
           "sockets are allowed");
  }
  return std::string(address);
}

std::string socket_path(std::string_view text, std::string_view path) {
  if (path.starts_with("//")) path.remove_prefix(2);  // unix:///PATH is the same as unix:/PATH
  if (!path.starts_with('/') || path.size() == 1) {
    refuse(text, "the path of a socket must be absolute");
  }
  if (path.size() > longest_socket) {
    refuse(text, cat("the path of a socket has at most ", longest_socket, " characters"));
  }
  if (path.find_first_of(std::string_view("?\0", 2)) != std::string_view::npos) {
    refuse(text, "the path of a socket cannot contain a question mark");
  }
  return std::string(path);
}

void read_endpoint(std::string_view text, std::string_view endpoint, SpiffeSource& source) {
  if (endpoint.starts_with(tcp_scheme)) {
    source.address = tcp_address(text, endpoint.substr(tcp_scheme.size()));
  } else if (endpoint.starts_with(unix_scheme)) {
    source.socket = socket_path(text, endpoint.substr(unix_scheme.size()));
  } else {
    refuse(text, "the agent is neither unix:///PATH nor tcp://ADDRESS:PORT");
  }
}

void read_choice(std::string_view text, std::string_view choice, SpiffeSource& source) {
  constexpr std::string_view hint = "hint=";
  constexpr std::string_view id = "id=";
  if (choice.starts_with(id)) {
    source.id = choice.substr(id.size());
    if (!is_spiffe_id(source.id))
      refuse(text, "after ?id=, spiffe://TRUST_DOMAIN/PATH must follow");
  } else if (choice.starts_with(hint)) {
    const std::string_view name = choice.substr(hint.size());
    const auto decoded =
        name.find('&') == std::string_view::npos ? percent_decode(name) : std::nullopt;
    if (!decoded || decoded->empty()) {
      refuse(text,
             "after ?hint=, the hint of an identity must follow; & is %26 there, and % is %25");
    }
    source.hint = *decoded;
  } else {
    refuse(text, "after the ?, hint=NAME or id=spiffe://… must follow");
  }
}

}  // namespace

std::string SpiffeSource::endpoint() const {
  return socket.empty() ? cat(tcp_scheme, address) : cat("unix://", socket);
}

bool is_spiffe_source(std::string_view text) {
  return text.starts_with(spiffe_scheme);
}

bool is_spiffe_id(std::string_view text) {
  constexpr std::string_view begin = "spiffe://";
  if (!text.starts_with(begin) || text.size() > longest_id) return false;
  const std::string_view domain =
      text.substr(begin.size(), text.find('/', begin.size()) - begin.size());
  return only(domain, letters_and_digits, ".-_") && is_visible(text) &&
         text.find_first_of("?#") == std::string_view::npos;
}

SpiffeSource parse_spiffe_source(std::string_view text) {
  SpiffeSource source;
  std::string_view rest = text.substr(spiffe_scheme.size());
  if (rest.starts_with("//") && !rest.starts_with("///")) {
    if (!is_spiffe_id(text)) {
      refuse(text, "it is not a SPIFFE ID, which has the form spiffe://TRUST_DOMAIN/PATH");
    }
    source.id = text;
    return source;
  }
  const std::size_t query = rest.find('?');
  if (query != std::string_view::npos) read_choice(text, rest.substr(query + 1), source);
  rest = rest.substr(0, query);
  if (rest.starts_with('/')) {
    source.socket = socket_path(text, rest);
  } else if (!rest.empty()) {
    read_endpoint(text, rest, source);
  }
  return source;
}

std::string with_spiffe_endpoint(std::string_view text, const std::string& endpoint) {
  SpiffeSource source = parse_spiffe_source(text);
  read_endpoint(endpoint, endpoint, source);
  if (!source.id.empty()) return cat(spiffe_scheme, endpoint, "?id=", source.id);
  const std::size_t query = text.find('?');
  return cat(spiffe_scheme, endpoint, query == std::string_view::npos ? "" : text.substr(query));
}

}  // namespace rolecall

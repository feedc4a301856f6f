// The server that a URL names.
#pragma once

#include <string>

namespace rolecall::http {

// Scheme, host and port of a server.
struct Origin {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; an IPv6 address in brackets
  int port = 0;

  std::string host_header() const;  // with the port if it is not the scheme's default (RFC 9110)
  std::string text() const;         // "https://localhost:8443"
};

// Reads "scheme://host[:port][/]". Throws Error (usage) for everything else: another scheme, a
// path, a query, a user, or plain http to a host that is not this machine (localhost, 127.0.0.0/8,
// ::1).
Origin parse_origin(const std::string& text);

}  // namespace rolecall::http

// The HTTP client: requests to one server over one connection, kept open between them.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/deadline.h"
#include "http/ca_store.h"
#include "http/message.h"
#include "rolecall/reporter.h"

namespace rolecall::http {

// Scheme, host and port of a server.
struct Origin {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; an IPv6 address in brackets
  int port = 0;

  std::string host_header() const;  // with the port where it is not the scheme's own (RFC 9110)
  std::string text() const;         // "https://localhost:8443"
};

// Reads "scheme://host[:port][/]". Throws Error (usage) for all else: another scheme, a path, a
// query, a user, plain http to a host that is not this one (localhost, 127.0.0.0/8, ::1).
Origin parse_origin(const std::string& text);

struct ClientOptions {
  bool verify_tls = true;
  Trust trust;             // both empty: the system's
  bool use_proxy = false;  // as the *_proxy variables of the environment say
  // For hints alone: such a variable is set, though use_proxy is not; the one in use names a user.
  bool proxy_unused = false;
  bool proxy_has_user = false;
  std::chrono::milliseconds connect_timeout{5000};
};

// Of the library, and of those that it uses: "libcurl/7.88.1 OpenSSL/3.0.19 …". Throws Error
// (failed) where there is none.
std::string client_library();

class Client {
 public:
  Client(Origin origin, ClientOptions options, Reporter reporter);
  ~Client();
  Client(Client&&) = delete;

  const Origin& origin() const { return origin_; }

  // Sends `body` and waits for the whole answer, of any status. Redirects are not followed; an
  // answer over 1 MiB is refused. Throws Error: try_later for what may pass (name not resolved, no
  // connection, no answer before the deadline), failed for what will not (the server's certificate
  // does not verify), usage for a CA bundle that cannot be read.
  Response post(const std::string& path, const Headers& headers, const std::string& body,
                const Deadline& deadline);
  // The same without a body.
  Response get(const std::string& path, const Deadline& deadline);

 private:
  struct Transfer;
  Response send(const std::string& path, const Deadline& deadline);
  [[noreturn]] void fail(int curl_code) const;
  void set_up_tls();
  void trust(const Trust& roots) const;
  void trace_times() const;

  Origin origin_;
  ClientOptions options_;
  Reporter reporter_;
  bool second_store_ = false;  // the system has a bundle, too, that is not in use yet
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace rolecall::http

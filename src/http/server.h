// The HTTP server: a function from requests to responses behind a listening socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "http/message.h"

namespace rolecall::http {

// May be called from several threads at once. What it throws becomes a bare 500.
using Handler = std::function<Response(const Request&)>;

struct ServerOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6, numeric
  int port = 0;                       // 0: a free one
  std::string tls_certificate;        // PEM text, leaf first; empty: plain HTTP
  Secret tls_key;                     // PEM text
  unsigned max_connections = 64;
  std::size_t max_body = 64 * 1024;          // bytes; more is dropped: Request::body_too_large
  std::chrono::seconds idle_timeout{10};     // without a byte from the client
  std::chrono::seconds request_timeout{30};  // from the connection's or the last answer's end to
                                             // the next request's last byte; then it is closed
};

class Server {
 public:
  // Listens once it returns. Throws Error (usage) where the address, the port or the TLS files
  // cannot be used.
  Server(const ServerOptions& options, Handler handler);
  ~Server();  // stops accepting, waits for handlers that run
  Server(Server&&) = delete;

  int port() const;
  std::string url() const;  // "http://127.0.0.1:40404", "https://[::1]:8443"

 private:
  struct Daemon;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace rolecall::http

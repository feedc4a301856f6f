// The HTTP server: a function from requests to responses behind a listening socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "http/listener.h"
#include "http/message.h"

namespace rolecall::http {

// What it throws becomes a bare 500.
using Handler = std::function<Response(const Request&)>;

enum class Threads {
  per_connection,  // the handler may wait; it is called from several threads at once
  one,             // the handler never waits; one thread calls it and serves everybody (epoll)
};

// libmicrohttpd 0.9.75 takes up to 128 events at a time. If it gets exactly as many, it waits for
// more before it acts on any, for as long as it would have waited for the first: it must never get
// there.
inline constexpr unsigned most_connections_of_one_thread = 120;

struct ServerOptions {
  Threads threads = Threads::per_connection;
  std::string tls_certificate;  // PEM text, leaf first; empty: plain HTTP
  Secret tls_key;               // PEM text
  // Others wait until one of them ends. With Threads::one no more than the number above.
  unsigned max_connections = 64;
  std::size_t connection_memory = 64 * 1024;  // bytes; a request's head that needs more is a 431
  std::size_t max_body = 64 * 1024;           // bytes; more is dropped: Request::body_too_large
  std::chrono::seconds idle_timeout{10};      // without a byte from the client
  std::chrono::seconds request_timeout{30};   // from the connection's or the last answer's end to
                                              // the next request's last byte; then it is closed
  // As request_timeout while max_connections are open, so that those who take places without using
  // them keep nobody out. (Nor do those who use them: then each connection ends with its answer.)
  std::chrono::milliseconds request_timeout_when_full{30000};
  // Told of the status when libmicrohttpd refuses a request by itself, before the handler sees it.
  // Called as the handler is; must not throw.
  std::function<void(int status)> on_unreadable;
};

// The library's version. Throws Error (failed) where there is none.
std::string server_library();

class Server {
 public:
  // Answers once it returns. Throws Error (usage) where the TLS files cannot be used.
  Server(Listener listener, const ServerOptions& options, Handler handler);
  ~Server();  // stops accepting, answers what has come in already, waits for handlers that run
  Server(Server&&) = delete;

  int port() const;
  std::string url() const;  // "http://127.0.0.1:40404", "https://[::1]:8443"

 private:
  struct Daemon;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace rolecall::http

// The HTTP server: calls a handler for each request that comes in at a listening socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "http/listener.h"
#include "http/message.h"

namespace rolecall::http {

// If it throws, the response is a 500 without details.
using Handler = std::function<Response(const Request&)>;

enum class Threads {
  per_connection,  // the handler may wait; it is called from several threads at once
  one,             // the handler must not wait; one thread serves all connections (epoll)
};

struct ServerOptions {
  Threads threads = Threads::per_connection;
  std::string tls_certificate;  // PEM text, leaf first, then its chain; empty: plain HTTP
  Secret tls_key;               // PEM text
  // Other clients wait until one of these connections ends.
  unsigned max_connections = 64;
  // While more connections than these are open, each of them ends with its response, so that the
  // memory for requests is soon free again. 0: max_connections.
  unsigned lasting_connections = 0;
  std::size_t connection_memory = 64 * 1024;  // bytes; a request head that needs more gets a 431
  // Bytes; more is dropped (Request::body_too_large). 0: a Transfer-Encoding is refused at once.
  std::size_t max_body = 64 * 1024;
  std::chrono::seconds idle_timeout{10};  // without a byte from the client
  // From the start of the connection, or the end of the last response, to the last byte of the next
  // request. After that time, the connection is closed.
  std::chrono::seconds request_timeout{30};
  // Replaces request_timeout while max_connections are open, so that clients that hold a connection
  // slot without using it keep nobody out. (Clients that use their slots keep nobody out either,
  // because each connection then ends with its response.)
  std::chrono::milliseconds request_timeout_when_full{30000};
  // Called with the status if libmicrohttpd refuses a request by itself, before the handler sees
  // the request. Called in the same threads as the handler. Must not throw.
  std::function<void(int status)> on_refused_request;
};

// The version of libmicrohttpd. Throws Error (failed) if libmicrohttpd cannot be loaded.
std::string server_library();

class Server {
 public:
  // The server answers requests once the constructor has returned. Throws Error (usage) if the TLS
  // files cannot be used.
  Server(Listener listener, const ServerOptions& options, Handler handler);
  ~Server();  // stops accepting, answers requests that have come in, waits for handlers
  Server(Server&&) = delete;

  // New connections use this certificate and key: PEM text, as in ServerOptions. Throws Error
  // (usage) if they cannot be used; then the server goes on with those that it has. Only for a
  // server with TLS.
  void replace_tls(const std::string& certificate, const Secret& key);

  int port() const;
  std::string url() const;  // "http://127.0.0.1:40404", "https://[::1]:8443"

 private:
  struct Daemon;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace rolecall::http

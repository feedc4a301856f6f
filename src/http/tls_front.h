// TLS in front of the HTTP server. This class accepts the connections of clients, and passes their
// bytes without TLS to the server, through a pair of sockets for each connection. So the server
// needs no TLS library of its own, and TLS is OpenSSL's in every build.
#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "http/tls_connection.h"

namespace rolecall::http {

// One thread serves all connections, because it never waits for a single client. The longest that
// it computes without a break is one signature of a handshake.
class TlsFront {
 public:
  struct Limits {
    // Other clients wait until one of these connections ends. The server never has more than these.
    std::size_t connections;
    // For the whole handshake, and for taking the end of the last response.
    std::chrono::milliseconds client_time;
    // Replaces client_time while there are `connections` connections.
    std::chrono::milliseconds client_time_when_full;
  };

  // `serve_plain` is called in the thread of this class. Throws Error (failed) if there is no free
  // descriptor.
  TlsFront(Descriptor listener, SslCtxPtr context, const Limits& limits, ServePlain serve_plain);
  // Starts to accept connections. Throws std::system_error if there is no free thread.
  void start();
  // Sends what the server has written, for a limited time. Call this when the server has closed its
  // ends of all connections.
  ~TlsFront();
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;

  // The next connections use this certificate and key. Thread-safe.
  void replace_context(SslCtxPtr context);

  // The server calls this for each connection that it has ended. Until then, the connection counts,
  // because the server may not have noticed the end that this class has noticed. Thread-safe.
  void server_has_ended_one();

  // Accepts no more connections, ends all handshakes, and takes no more from clients than has come.
  // When this function returns, `serve_plain` is not called any more.
  void end_input();

 private:
  using Clock = TlsConnection::Clock;
  enum class Stage { accepting, input_ended, ending };

  void enter(Stage stage);
  void wake() const;
  void run();
  void wait();
  void serve_connections();
  void accept_connections();
  SslPtr new_tls();
  void end_input_of_connections();
  bool is_full() const;
  Clock::time_point deadline(const TlsConnection& connection, bool full) const;
  int milliseconds_to_wait() const;

  Limits limits_;
  ServePlain serve_plain_;
  std::mutex context_mutex_;
  SslCtxPtr context_;
  Descriptor wake_;  // an eventfd
  std::atomic<std::size_t> connections_of_server_ = 0;
  std::atomic<Stage> stage_ = Stage::accepting;
  std::promise<void> input_has_ended_;
  // Only the thread uses these.
  Descriptor listener_;
  Clock::time_point accept_after_{};
  std::vector<std::unique_ptr<TlsConnection>> connections_;
  std::vector<pollfd> polled_;

  std::thread thread_;
};

}  // namespace rolecall::http

// Cuts connections whose request takes too long. Only the server includes this.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace rolecall::http {

// libmicrohttpd's own timeout starts anew with each byte, so that a client who drips one at a time
// would hold its place for ever. Here each connection has a deadline, and one thread shuts down the
// sockets of those that are past it: their next read ends.
class ConnectionWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // The deadline is atomic so that no request takes the lock of the list.
  struct Connection {
    int descriptor = -1;
    std::string peer;
    std::atomic<Clock::rep> deadline{never};
  };

  explicit ConnectionWatch(std::chrono::seconds limit)
      : limit_(limit), thread_([this](const std::stop_token& stop) { run(stop); }) {}

  Connection* add(int descriptor, std::string peer) {
    const std::scoped_lock lock(mutex_);
    Connection& connection = connections_.emplace_back();
    connection.descriptor = descriptor;
    connection.peer = std::move(peer);
    start_clock(connection);
    changed_.notify_one();
    return &connection;
  }

  // Before the descriptor is closed: its number may belong to another connection after that.
  void remove(const Connection* connection) {
    const std::scoped_lock lock(mutex_);
    connections_.remove_if([connection](const Connection& c) { return &c == connection; });
  }

  void start_clock(Connection& connection) const {
    connection.deadline = (Clock::now() + limit_).time_since_epoch().count();
  }
  static void stop_clock(Connection& connection) { connection.deadline = never; }

 private:
  static constexpr Clock::rep never = std::numeric_limits<Clock::rep>::max();

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!changed_.wait(lock, stop, [this] { return !connections_.empty(); })) return;
      changed_.wait_for(lock, stop, std::chrono::milliseconds(500), [] { return false; });
      const Clock::rep now = Clock::now().time_since_epoch().count();
      for (Connection& connection : connections_) {
        if (connection.deadline > now) continue;
        stop_clock(connection);
        shutdown(connection.descriptor, SHUT_RDWR);
      }
    }
  }

  std::chrono::seconds limit_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Connection> connections_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace rolecall::http

// Keeps clients that are slow, idle or too many from taking all connection slots. Only the server
// includes this header.
#pragma once

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <iterator>
#include <limits>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace rolecall::http {

// libmicrohttpd's own timeout starts anew with each byte, so a client that sends one byte at a time
// would keep its connection slot for ever. Here, each connection has a deadline. One thread shuts
// down the sockets of the connections that have passed their deadline, and then their next read
// ends.
class ConnectionWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // The deadline is atomic, so that no request has to lock the list.
  struct Connection {
    int descriptor = -1;
    std::string peer;
    std::string local;
    std::uint64_t number = 0;  // counts from 1
    std::atomic<Clock::rep> deadline{never};
    std::list<Connection>::iterator self;
  };

  // A connection has `limit` for each request. If `max_connections` or more connections are open,
  // no other client gets in, and the limit is `limit_when_full` instead. From `lasting_connections`
  // on, there is a crowd.
  ConnectionWatch(std::chrono::milliseconds limit, std::size_t lasting_connections,
                  std::size_t max_connections, std::chrono::milliseconds limit_when_full)
      : limit_(limit),
        lasting_connections_(lasting_connections),
        max_connections_(max_connections),
        limit_when_full_(std::min(limit, limit_when_full)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  Connection* add(int descriptor, std::string peer, std::string local) {
    const std::scoped_lock lock(mutex_);
    Connection& connection = connections_.emplace_back();
    connection.self = std::prev(connections_.end());
    connection.descriptor = descriptor;
    connection.peer = std::move(peer);
    connection.local = std::move(local);
    connection.number = ++last_number_;
    start_clock(connection);
    note_size();
    if (connections_.size() == 1 || full_) changed_.notify_one();
    return &connection;
  }

  // Call this before the descriptor is closed, because another connection may get its number after
  // that.
  void remove(const Connection* connection) {
    const std::scoped_lock lock(mutex_);
    if (connection != nullptr) connections_.erase(connection->self);
    note_size();
    if (connections_.empty()) emptied_.notify_all();
  }

  // Whether there are so many connections that each should end with its response.
  bool crowded() const { return crowded_; }

  // Stops reading from all connections, except for what has come already. Then waits until all are
  // closed, for at most `max_wait`.
  void drain(std::chrono::milliseconds max_wait) {
    std::unique_lock lock(mutex_);
    for (Connection& connection : connections_)
      shut_down(connection, SHUT_RD);
    emptied_.wait_for(lock, max_wait, [this] { return connections_.empty(); });
  }

  void start_clock(Connection& connection) const {
    connection.deadline = (Clock::now() + limit_).time_since_epoch().count();
  }
  static void stop_clock(Connection& connection) { connection.deadline = never; }

 private:
  static constexpr Clock::rep never = std::numeric_limits<Clock::rep>::max();
  static constexpr std::chrono::milliseconds check_interval{500};

  void note_size() {
    crowded_ = connections_.size() >= lasting_connections_;
    full_ = connections_.size() >= max_connections_;
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!changed_.wait(lock, stop, [this] { return !connections_.empty(); })) return;
      if (full_) {
        changed_.wait_for(lock, stop, std::min(limit_when_full_ / 4, check_interval),
                          [] { return false; });
      } else {
        changed_.wait_for(lock, stop, check_interval, [this] { return full_.load(); });
      }
      const Clock::time_point now = Clock::now();
      const Clock::rep end = now.time_since_epoch().count();
      const Clock::rep deadline_when_full =
          (now + (limit_ - limit_when_full_)).time_since_epoch().count();
      for (Connection& connection : connections_) {
        const bool is_over_limit_when_full =
            full_ && connection.deadline <= deadline_when_full && !has_sent(connection);
        if (connection.deadline <= end || is_over_limit_when_full) shut_down(connection, SHUT_RDWR);
      }
    }
  }

  // Whether the client has sent something that was not read yet. If so, the client is not the one
  // that is slow.
  static bool has_sent(const Connection& connection) {
    int bytes = 0;
    return ioctl(connection.descriptor, FIONREAD, &bytes) == 0 && bytes > 0;
  }

  static void shut_down(Connection& connection, int how) {
    stop_clock(connection);
    shutdown(connection.descriptor, how);
  }

  std::chrono::milliseconds limit_;
  std::size_t lasting_connections_;
  std::size_t max_connections_;
  std::chrono::milliseconds limit_when_full_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable emptied_;
  std::list<Connection> connections_;
  std::uint64_t last_number_ = 0;
  std::atomic<bool> crowded_ = false;
  std::atomic<bool> full_ = false;
  std::jthread thread_;  // last, because it uses all members above
};

}  // namespace rolecall::http

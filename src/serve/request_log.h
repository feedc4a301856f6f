// Who was given credentials, and who was refused: what the log says of requests.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "http/listener.h"
#include "serve/answer.h"
#include "serve/log.h"

namespace rolecall::serve {

// The log has everyone who was given credentials, whatever else happens:
// - Each user has lines of its own, 20 a second for each binding. More are summed up, and the sum
// is
//   written when the second is over.
// - What could not be written, since nobody reads the log, is in the sum of a later second.
// Of refusals it has 20 lines a second in all, and the number of the others and of those that could
// not be written.
// For several threads at once.
class RequestLog {
 public:
  // `address` is the one listened on. `log` must outlive it.
  RequestLog(const Log& log, http::SocketName address) : log_(log), address_(std::move(address)) {}
  ~RequestLog() { say_sums(); }
  RequestLog(const RequestLog&) = delete;

  void note(const http::Request& request, const Answer& answer, aws::Instant now);

  // A request that the HTTP server has refused by itself: it does not tell whose.
  void note_unreadable(int status, aws::Instant now);

  // Says the sums of a second that is over: to be called about once a second.
  void tick(aws::Instant now);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Client {
    std::string uid;  // over the loopback
    std::string peer;
  };
  struct Grants {
    unsigned lines = 0;
    std::size_t more = 0;  // that have no line
  };

  // The user of a connection stays the same: the kernel is asked once for each.
  struct KnownUser {
    std::uint64_t connection = 0;
    std::string uid;
  };

  std::string uid_of(const http::Request& request);
  bool has_line_for_refusal();
  void begin_second(Time now);
  void say_sums();
  void note_grant(const Binding& binding, std::string_view route, const Client& client);
  void note_refusal(const http::Request& request, const Answer& answer, const Client& client);

  const Log& log_;
  http::SocketName address_;
  std::mutex mutex_;
  Time second_{};
  // By user id, or address without a port where that is unknown, and by binding.
  std::map<std::pair<std::string, const Binding*>, Grants> grants_;
  std::array<KnownUser, 128> known_users_;  // each has its place, which it takes from another
  unsigned refusals_ = 0;                   // lines of this second
  std::size_t more_refusals_ = 0;
};

}  // namespace rolecall::serve

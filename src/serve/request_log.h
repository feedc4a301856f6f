// The log lines about requests: who was given credentials, and whose requests were refused.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "serve/client_users.h"
#include "serve/log.h"
#include "serve/logged_response.h"

namespace rolecall::serve {

// The log always names everyone who was given credentials:
// - Each user has up to 20 lines a second for each binding. Further grants are counted, and their
//   number is logged when the second is over.
// - If a line could not be written because nobody reads the log, the number of a later second
//   includes it.
//
// Refusals have up to 20 lines a second in total. For further refusals, and for lines that could
// not be written, the log has only their number.
//
// All functions may be called by several threads at once.
class RequestLog {
 public:
  // `log` and `users` must exist longer than this object. note() uses `users`.
  RequestLog(const Log& log, ClientUsers& users) : log_(log), users_(users) {}
  ~RequestLog() { log_sums(); }
  RequestLog(const RequestLog&) = delete;

  // Logs a request whose response contains credentials or is a refusal.
  void note(const http::Request& request, const LoggedResponse& logged, aws::Instant now);

  // Logs a request that the HTTP server itself refused. The server does not say who sent it.
  void note_unreadable(int status, aws::Instant now);

  // Logs the sums if a second is over. Call this about once a second.
  void tick(aws::Instant now);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Client {
    std::string uid;  // empty: unknown
    std::string peer;
  };
  struct Grants {
    unsigned lines = 0;
    std::size_t without_line = 0;
  };

  std::string uid_of(const http::Request& request);
  // Whether this second has a line left for a refusal. Counts the refusal.
  bool take_line_for_refusal();
  void start_new_second(Time now);
  void log_sums();
  void note_grant(const Binding& binding, std::string_view route, const Client& client);
  void note_refusal(const http::Request& request, const LoggedResponse& logged,
                    const Client& client);

  const Log& log_;
  ClientUsers& users_;
  std::mutex mutex_;
  Time second_{};
  // The key is the binding and the user id; if that is unknown, the address without the port.
  std::map<std::pair<std::string, const Binding*>, Grants> grants_;
  unsigned refusals_ = 0;  // lines in this second
  std::size_t refusals_without_line_ = 0;
};

}  // namespace rolecall::serve

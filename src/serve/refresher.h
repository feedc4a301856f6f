// Renews the credentials of one binding, in a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "aws/renewal.h"
#include "base/clock.h"
#include "rolecall/reporter.h"
#include "serve/binding.h"
#include "serve/daily_warnings.h"
#include "serve/log.h"
#include "serve/rate_limiter.h"
#include "serve/requester.h"

namespace rolecall::serve {

// How long to wait for the first credentials.
enum class Start {
  limited,        // for the usual number of attempts, within the timeout of the options
  until_refused,  // until the service refuses, or another failure shows that waiting is useless
  lazy,           // no wait
};

struct Renewal {
  const Credentials& credentials;
  std::chrono::sys_seconds next;  // the time of the next renewal
  int failed_before;              // failed attempts in a row before this one
  std::string answered_by;        // the fallback that answered; empty: the binding itself
};

// The rules for renewals that differ between commands.
struct RenewalRules {
  Start start = Start::limited;
  std::chrono::seconds refresh_before = aws::usual_refresh_before;
  // The number of calls for each renewal. With one call, only the schedule decides how long to wait
  // after a failure. So bindings that fail together stay within the limit of their RateLimiter.
  int attempts = 1;
  // If this function is set, it gets the credentials, in the refresher's thread, and renewals are
  // not logged. If the function throws Error, the renewal has failed, and the next renewal delivers
  // the same credentials.
  std::function<void(const Renewal&)> deliver = {};
  // If this function is set, it is called in the refresher's thread after each renewal, when the
  // credentials are in use. An Error that it throws is only logged.
  std::function<void(std::chrono::sys_seconds expiration)> on_renew = {};
};

// Each binding has one thread. So a binding never has more than one renewal at a time, and an
// endpoint that does not answer delays no other binding. The thread publishes the
// credentials in the binding, or the reason why there are none. While renewals fail, the binding
// keeps the previous credentials.
//
// If the endpoint of the binding cannot be reached, its fallbacks are asked (aws/fallback.h). While
// the credentials of a fallback are in use, the binding itself is asked again about once a minute.
class Refresher {
 public:
  // Throws Error (usage) for options that cannot work. `reporter` gets only the steps; warnings go
  // to `log`.
  Refresher(Binding& binding, RateLimiter& rate_limiter, const Log& log, Reporter reporter,
            RenewalRules rules = {}, const Clock& clock = machine_clock());
  // Waits until a call that is in progress has ended.
  ~Refresher() = default;
  Refresher(Refresher&&) = delete;

  const Binding& binding() const { return binding_; }
  const RenewalRules& rules() const { return rules_; }

  // Loads the identity, and those of the fallbacks. Call this in a thread that may ask a person for
  // a password. Throws what identity::load_identity throws. Without this call, the first renewal
  // loads the identity. An identity of a fallback that cannot be loaded is only logged.
  void load_identity();

  // Starts the thread, which requests the first credentials at once.
  void start();

  // A future that becomes ready when there are credentials. If a failure ends the wait for them,
  // the future's get() throws the Error of the last attempt, which is not logged. With Start::lazy,
  // the future becomes ready only when there are credentials.
  std::future<void>& first_credentials() { return first_credentials_.future; }

  // Reads the files again and renews the credentials, even if the renewal is not due.
  void renew_now();

  // Returns at once; the thread ends after a call that is in progress.
  void request_stop() { thread_.request_stop(); }
  // Waits until the thread has ended, but no longer than `until`. Returns whether the thread has
  // ended. A thread that waits for its next renewal ends at once.
  bool wait_until_ended(std::chrono::steady_clock::time_point until);

 private:
  // Credentials that could not be delivered yet, and when to renew them.
  struct Undelivered {
    Credentials credentials;
    aws::RenewalSchedule schedule;
    std::size_t answered;  // which of requesters_
  };
  enum class Due { renewal, first_binding };
  struct FirstCredentials {
    std::promise<void> promise;
    std::future<void> future = promise.get_future();
    std::chrono::steady_clock::time_point begin{};
    bool wait_is_over = false;
  };
  // What the refresher's thread shares with other threads.
  struct Shared {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool renewal_is_requested = false;
    bool thread_has_ended = false;
  };

  void run(const std::stop_token& stop);
  Due wait_until_due(const std::stop_token& stop);
  std::chrono::milliseconds time_until_due() const;
  bool wait_for_request(const std::stop_token& stop, std::chrono::milliseconds time);
  bool load_new_files(bool even_if_unchanged);
  bool renew(const std::stop_token& stop);
  bool return_to_first_binding(const std::stop_token& stop);
  void call_on_renew();
  bool has_undelivered_credentials() const;
  Credentials ask(std::size_t which, std::chrono::milliseconds time, const std::stop_token& stop);
  Credentials ask_in_order(const std::stop_token& stop, std::size_t& answered);
  void accept(Credentials credentials, std::size_t answered);
  void deliver();
  void set_time_to_ask_first();
  void publish_identities();
  bool ends_first_wait(const Error& error);
  void handle_failure(const Error& error);

  Binding& binding_;
  RateLimiter& rate_limiter_;
  const Log& log_;
  Reporter reporter_;
  RenewalRules rules_;
  const Clock& clock_;
  std::deque<Requester> requesters_;  // of the binding, and of its fallbacks in their order
  aws::RenewalSchedule schedule_;
  // While the credentials of a fallback are in use: when to ask the binding itself again, in the
  // time of Instant::steady.
  std::optional<std::chrono::steady_clock::time_point> ask_first_at_;
  std::optional<Undelivered> undelivered_;
  BindingStatus status_;  // the status to publish next
  DailyWarnings warnings_;
  FirstCredentials first_credentials_;
  Shared shared_;
  std::jthread thread_;  // must be last, because it uses all other members
};

}  // namespace rolecall::serve

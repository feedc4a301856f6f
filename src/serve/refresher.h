// Renews the credentials of one binding, in a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "aws/renewal.h"
#include "aws/session_request.h"
#include "identity/rotation.h"
#include "rolecall/reporter.h"
#include "serve/binding.h"
#include "serve/daily_warnings.h"
#include "serve/log.h"
#include "serve/rate_limiter.h"

namespace rolecall::serve {

// How long to wait for the first credentials.
enum class Start {
  in_time,  // for the usual number of attempts, within the options' timeout
  patient,  // as long as another attempt may succeed
  lazy,     // no wait
};

struct Renewal {
  const Credentials& credentials;
  std::chrono::sys_seconds next;  // the time of the next renewal
  int failed_before;              // failed attempts in a row before this one
};

// The rules for renewals that differ between commands.
struct RenewalRules {
  Start start = Start::in_time;
  std::chrono::seconds refresh_before = aws::usual_refresh_before;
  // The number of calls for each renewal. With one call, only the schedule decides how long to wait
  // after a failure. So bindings that fail together stay within the limit of their RateLimiter.
  int attempts = 1;
  // If this function is set, it gets the credentials, in the refresher's thread, and renewals are
  // not logged. If the function throws Error, the renewal has failed, and the next renewal delivers
  // the same credentials.
  std::function<void(const Renewal&)> deliver = {};
};

// Each binding has one thread. So a binding never has more than one renewal at a time, and an
// endpoint that does not answer delays no other binding. The thread publishes in the binding what
// it gets, or why it got nothing. While renewals fail, the previous credentials stay there.
class Refresher {
 public:
  // Throws Error (usage) for options that cannot work. `reporter` gets only the steps; warnings go
  // to `log`.
  Refresher(Binding& binding, RateLimiter& rate_limiter, const Log& log, Reporter reporter,
            RenewalRules rules = {});
  // Waits until a call that is in progress has ended.
  ~Refresher() = default;
  Refresher(Refresher&&) = delete;

  const Binding& binding() const { return binding_; }
  const RenewalRules& rules() const { return rules_; }

  // Loads the identity. Call this in a thread that may ask a person for a password. Throws what
  // identity::load_identity throws. Without this call, the first renewal loads the identity.
  void load_identity();

  // Starts the thread, which requests the first credentials at once.
  void start();

  // Becomes ready when there are credentials. If the wait for them ends with a failure, get()
  // throws the Error of the last attempt, which is not logged. With Start::lazy, the future is not
  // ready until there are credentials.
  std::future<void>& first() { return first_.future; }

  // Reads the files again and renews the credentials, even if the renewal is not due.
  void renew_now();

  // Returns at once; the thread ends after a call that is in progress.
  void ask_to_stop() { thread_.request_stop(); }
  // Waits until the thread has ended, but no longer than `until`. Returns whether it has ended. If
  // the thread waits for its next renewal, it ends at once.
  bool stopped(std::chrono::steady_clock::time_point until);

 private:
  // Credentials that are not yet delivered, and when to renew them.
  struct Granted {
    Credentials credentials;
    aws::RenewalSchedule schedule;
  };
  struct First {
    std::promise<void> promise;
    std::future<void> future = promise.get_future();
    std::chrono::steady_clock::time_point begin{};
    bool settled = false;
  };
  // What the refresher's thread shares with other threads.
  struct Shared {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool renewal_is_asked_for = false;
    bool has_ended = false;
  };

  void run(const std::stop_token& stop);
  void wait_until_due(const std::stop_token& stop);
  bool wait(const std::stop_token& stop, std::chrono::milliseconds time);
  void load();
  void renew(const std::stop_token& stop);
  bool holds_undelivered() const;
  void get(const std::stop_token& stop);
  Credentials ask_as_candidate_or_proven(const std::stop_token& stop);
  void deliver();
  void show_certificates();
  void note_rotation(const std::string& failure);
  bool ends_start(const Error& error);
  void note_failure(const Error& error);
  double random() { return std::uniform_real_distribution<double>(0, 1)(device_); }

  Binding& binding_;
  RateLimiter& rate_limiter_;
  const Log& log_;
  Reporter reporter_;
  RenewalRules rules_;
  aws::SessionRequest request_;
  identity::Rotation rotation_;
  bool reload_identity_ = false;  // before the next renewal, load the identity again
  aws::RenewalSchedule schedule_;
  std::optional<Granted> granted_;
  BindingStatus status_;  // the status to publish next
  DailyWarnings warnings_;
  std::random_device device_;
  First first_;
  Shared shared_;
  std::jthread thread_;  // must be last, because it uses all other members
};

}  // namespace rolecall::serve

// Keeps the credentials of one binding fresh, in a thread of its own.
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
#include "serve/gate.h"
#include "serve/log.h"

namespace rolecall::serve {

// How long the first credentials are waited for.
enum class Start {
  in_time,  // for the usual number of tries, and the options' timeout
  patient,  // for as long as another try may help
  lazy,     // not at all
};

struct Renewal {
  const Credentials& credentials;
  std::chrono::sys_seconds next;  // when they are renewed
  int failed_before;              // tries in a row
};

// In what the renewals of commands differ.
struct RenewalRules {
  Start start = Start::in_time;
  std::chrono::seconds refresh_before = aws::usual_refresh_before;
  // Calls for each renewal. With one call, all waits are the schedule's, so that bindings that fail
  // together stay within their gate.
  int attempts = 1;
  // If it is set, credentials go there, in the refresher's thread, and not to the log. It may throw
  // Error: then the renewal has failed, and the next one tries to deliver the same credentials.
  std::function<void(const Renewal&)> deliver = {};
};

// One thread a binding: there is never more than one renewal of it, and an endpoint that stalls
// delays no other binding. Publishes what it gets, or why it got nothing, in the binding; while
// renewals fail, what is there stays there.
class Refresher {
 public:
  // Throws Error (usage) for options that cannot work. `reporter` gets only the steps; warnings go
  // to `log`.
  Refresher(Binding& binding, Gate& gate, const Log& log, Reporter reporter,
            RenewalRules rules = {});
  // Waits for a call that is in progress.
  ~Refresher() = default;
  Refresher(Refresher&&) = delete;

  const Binding& binding() const { return binding_; }
  const RenewalRules& rules() const { return rules_; }

  // Loads the identity: for the thread that may speak to a person, who may have to type a password.
  // Throws what identity::load_identity throws; without this call the first renewal loads it.
  void load_identity();

  // Starts the thread, which asks for the first credentials at once.
  void start();

  // Ready once there are credentials. Throws the Error of the try with which the wait for them
  // ended, which is not logged. Never ready with Start::lazy and no credentials.
  std::future<void>& first() { return first_.future; }

  // Reads the files again and renews, whether it is due or not.
  void renew_now();

  void ask_to_stop() { thread_.request_stop(); }
  // Whether the thread has ended by then. One that waits ends at once.
  bool stopped(std::chrono::steady_clock::time_point until);

 private:
  // What was granted, until it is delivered, and when it is renewed.
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
  // What this thread and others tell each other.
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
  Gate& gate_;
  const Log& log_;
  Reporter reporter_;
  RenewalRules rules_;
  aws::SessionRequest request_;
  identity::Rotation rotation_;
  bool is_suspect_ = false;  // the identity is loaded again before the next renewal
  aws::RenewalSchedule schedule_;
  std::optional<Granted> granted_;
  BindingStatus status_;  // what is published next
  DailyWarnings warnings_;
  std::random_device device_;
  First first_;
  Shared shared_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace rolecall::serve

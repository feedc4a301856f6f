// Keeps the credentials of one binding fresh, in a thread of its own.
#pragma once

#include <condition_variable>
#include <future>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "aws/create_session.h"
#include "aws/renewal.h"
#include "rolecall/reporter.h"
#include "identity/rotation.h"
#include "serve/binding.h"
#include "serve/gate.h"
#include "serve/log.h"

namespace rolecall::serve {

// One thread a binding: there is never more than one renewal of it, and an endpoint that stalls
// delays no other binding. Publishes what it gets, or why it got nothing, in the binding; while
// renewals fail, what is there stays there.
class Refresher {
 public:
  // Throws Error (usage) for options that cannot work. `reporter` gets the steps alone; warnings go
  // to `log`.
  Refresher(Binding& binding, Gate& gate, const Log& log, Reporter reporter);
  // Waits for a call that is under way.
  ~Refresher() = default;
  Refresher(Refresher&&) = delete;

  // Loads the identity: for the thread that may speak to a person, who may have to type a password.
  // Throws what identity::load_identity throws; without this call the first renewal loads it.
  void load_identity();

  // Starts the thread, which asks for the first credentials at once.
  void start();

  // Ready once there are credentials; throws the Error of the call that failed where another would
  // not help, or the usual number of them failed, or the options' timeout is over.
  std::future<void>& first() { return first_future_; }

  // Reads the files again and renews, whether it is due or not.
  void renew_now();

  void ask_to_stop() { thread_.request_stop(); }
  // Whether the thread has ended by then. One that waits ends at once.
  bool stopped(std::chrono::steady_clock::time_point until);

 private:
  void run(const std::stop_token& stop);
  void wait_until_due(const std::stop_token& stop);
  bool wait(const std::stop_token& stop, std::chrono::milliseconds time);
  void load();
  void renew(const std::stop_token& stop);
  Credentials ask(const identity::Identity& identity);
  Credentials ask_as_candidate_or_proven(const std::stop_token& stop);
  void take(const Credentials& credentials);
  void show_certificates();
  void note_rotation(const std::string& failure);
  void settle_first(const Error* failure);
  void note_failure(const Error& error);
  void warn_of_certificates(bool after_renewal);
  double random() { return std::uniform_real_distribution<double>(0, 1)(device_); }

  Binding& binding_;
  Gate& gate_;
  const Log& log_;
  Reporter reporter_;
  aws::SessionRequest request_;
  identity::Rotation rotation_;
  aws::RenewalSchedule schedule_;
  BindingStatus status_;  // what is published next
  std::set<std::string> said_;
  std::random_device device_;
  std::chrono::sys_days warned_{};  // the day of the last look at the certificates
  bool first_settled_ = false;
  std::chrono::steady_clock::time_point started_{};
  bool suspect_ = false;  // the identity is to be loaded again before the next renewal

  std::promise<void> first_;
  std::future<void> first_future_ = first_.get_future();
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool asked_ = false;  // to renew now
  bool ended_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace rolecall::serve

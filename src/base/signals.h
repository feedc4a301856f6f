// Signals that are taken one by one, and not by handlers.
#pragma once

#include <signal.h>

#include <chrono>
#include <vector>

namespace rolecall {

// Blocks signals for this thread and those that it starts from here on, so that only wait() gets
// them. They stay blocked: a second SIGTERM must not cut an orderly end short.
class Signals {
 public:
  explicit Signals(const std::vector<int>& numbers);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // si_signo is 0 if none came in that time.
  siginfo_t wait(std::chrono::milliseconds time) const;

  // Those that have come do to us what they would have done; first waits for one.
  void act(std::chrono::milliseconds time) const;

  // The mask as it was; safe after a fork.
  void give_back() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

// While it lives, SIGTERM and SIGINT end the process at once, with exit code 0: for work that a
// thread with Signals cannot interrupt, such as to ask for a password.
class EndOnSignal {
 public:
  EndOnSignal();
  EndOnSignal(const EndOnSignal&) = delete;
  EndOnSignal& operator=(const EndOnSignal&) = delete;
  ~EndOnSignal() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// While it lives, this thread and those that it starts get no signals: they are for others.
class NoSignals {
 public:
  NoSignals();
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace rolecall

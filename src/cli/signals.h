// Signals that are taken one by one, and not by handlers.
#pragma once

#include <signal.h>

#include <chrono>
#include <vector>

namespace rolecall::cli {

// Blocks signals for this thread and those it starts from here on, so that wait() alone gets them.
// They stay blocked: a second SIGTERM must not cut an orderly end short.
class Signals {
 public:
  explicit Signals(const std::vector<int>& numbers);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // si_signo is 0 where none came in that time.
  siginfo_t wait(std::chrono::milliseconds time) const;

  // Those that have come do to us what they would have done; first waits for one.
  void act(std::chrono::milliseconds time) const;

  // The mask as it was; safe after a fork.
  void give_back() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

}  // namespace rolecall::cli

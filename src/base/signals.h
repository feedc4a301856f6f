// Everything that changes how this process receives signals, except its start (base/process).
#pragma once

#include <signal.h>

#include <chrono>
#include <vector>

#include "base/descriptor.h"

namespace rolecall {

// Blocks signals for this thread and for the threads that it starts later, so that only wait() gets
// the signals. The signals stay blocked after this object's end, because a second SIGTERM must not
// interrupt an orderly end.
class Signals {
 public:
  explicit Signals(const std::vector<int>& numbers);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits for a signal. si_signo is 0 if none came within `time`.
  siginfo_t wait(std::chrono::milliseconds time) const;

  // Waits up to `time` for a signal. Then this signal and all others that have come have the effect
  // that they would have had without this class.
  void wait_and_deliver(std::chrono::milliseconds time) const;

  // Restores the signal mask. Safe after a fork.
  void restore_mask() const { pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr); }

 private:
  sigset_t set_{};
  sigset_t old_mask_{};
};

// While this object lives, these signals end the process at once, with exit code 0. For work
// that a thread with Signals cannot interrupt, such as asking for a password. The handler stays
// afterwards, so that a signal that comes before Signals blocks it has the same effect.
class ExitOnSignal {
 public:
  explicit ExitOnSignal(const std::vector<int>& numbers);
  ExitOnSignal(const ExitOnSignal&) = delete;
  ExitOnSignal& operator=(const ExitOnSignal&) = delete;
  ~ExitOnSignal() { pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr); }

 private:
  sigset_t old_mask_{};
};

// While this object lives, these signals wait in a descriptor, for code that also waits for input.
class SignalDescriptor {
 public:
  explicit SignalDescriptor(const std::vector<int>& numbers);
  SignalDescriptor(const SignalDescriptor&) = delete;
  SignalDescriptor& operator=(const SignalDescriptor&) = delete;
  ~SignalDescriptor() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  int fd() const { return signals_.fd(); }
  int take() const;  // the signal that has come; 0 if none has

 private:
  sigset_t before_{};
  Descriptor signals_;
};

// While this object lives, this thread and the threads that it starts get no signals, so that other
// threads get them.
class BlockAllSignals {
 public:
  BlockAllSignals();
  BlockAllSignals(const BlockAllSignals&) = delete;
  BlockAllSignals& operator=(const BlockAllSignals&) = delete;
  ~BlockAllSignals() { pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr); }

 private:
  sigset_t old_mask_{};
};

}  // namespace rolecall

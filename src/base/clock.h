// A clock that functions take as an argument, so that tests can use their own clock and need not
// sleep.
#pragma once

#include <chrono>

namespace rolecall {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  // The date and time. This clock can be set, also backwards.
  virtual std::chrono::system_clock::time_point wall() const = 0;
  // For durations. This clock is never set.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
  // Returns after `time`.
  virtual void wait(std::chrono::milliseconds time) const = 0;

  // wall(), without the fraction of the second.
  std::chrono::sys_seconds wall_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(wall());
  }
};

// The clock of this machine. Its wait() sleeps.
const Clock& machine_clock();

}  // namespace rolecall

// The time, and a wait until it has passed, as an argument: tests have clocks of their own and do
// not sleep.
#pragma once

#include <chrono>

namespace rolecall {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  // The date and time. A clock like this can be set, also backwards.
  virtual std::chrono::system_clock::time_point wall() const = 0;
  // For durations: never set.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
  virtual void wait(std::chrono::milliseconds time) const = 0;

  std::chrono::sys_seconds wall_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(wall());
  }
};

const Clock& machine_clock();

}  // namespace rolecall

// A clock that functions take as an argument, so that tests can use their own clock and need not
// sleep.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

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
  // The time since the boot. It also counts while the machine is suspended, so do not compare it
  // with steady().
  virtual std::chrono::steady_clock::time_point since_boot() const = 0;
  // Returns after `time`.
  virtual void wait(std::chrono::milliseconds time) const = 0;
  // Returns after `time`, or as soon as `is_done` returns true or a stop is requested. `lock` holds
  // the mutex for what `is_done` reads; a thread that changes this notifies `changed`.
  virtual void wait_for_change(std::condition_variable_any& changed,
                               std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                               std::chrono::milliseconds time,
                               const std::function<bool()>& is_done) const = 0;

  // wall(), without the fraction of the second.
  std::chrono::sys_seconds wall_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(wall());
  }
};

// The clock of this machine. Its wait() sleeps.
const Clock& machine_clock();

}  // namespace rolecall

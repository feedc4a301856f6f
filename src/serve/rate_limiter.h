// Limits the calls of bindings that fail at the same time to one a second in total.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/clock.h"

namespace rolecall::serve {

// A call begins at least a second after the one before. There is one exception: for a second after
// a call that succeeded, calls begin without a wait. So ten bindings that start together wait for
// the first answer and not for ten seconds. The exception does not apply to a binding whose last
// call failed.
class RateLimiter {
 public:
  explicit RateLimiter(const Clock& clock = machine_clock()) : clock_(clock) {}

  // Waits until a call may begin, then returns true. Returns false if a stop is requested.
  bool wait_for_turn(const std::stop_token& stop, bool after_failure) {
    std::unique_lock lock(mutex_);
    const auto is_unlimited = [&] { return !after_failure && clock_.steady() < unlimited_until_; };
    while (!stop.stop_requested()) {
      if (is_unlimited()) return true;
      const Time now = clock_.steady();
      if (now >= next_) {
        next_ = now + interval;
        return true;
      }
      clock_.wait_for_change(changed_, lock, stop,
                             std::chrono::ceil<std::chrono::milliseconds>(next_ - now),
                             is_unlimited);
    }
    return false;
  }

  void succeeded() {
    const std::scoped_lock lock(mutex_);
    unlimited_until_ = clock_.steady() + interval;
    changed_.notify_all();
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds interval{1};

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Time next_{};
  Time unlimited_until_{};
};

}  // namespace rolecall::serve

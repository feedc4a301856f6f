// Limits the calls of bindings that fail together to one a second in total.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace rolecall::serve {

// A call begins at least a second after the one before. There is one exception: for a second after
// a call that succeeded, calls begin without a wait. So ten bindings that start together wait for
// the first answer and not for ten seconds. The exception does not apply to a binding whose last
// call failed.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  // Waits until a call may begin, then returns true. Returns false if a stop is requested.
  bool wait_for_turn(const std::stop_token& stop, bool after_failure) {
    std::unique_lock lock(mutex_);
    const auto is_open = [&] { return !after_failure && Clock::now() < unlimited_until_; };
    for (;;) {
      if (stop.stop_requested()) return false;
      if (is_open()) return true;
      const Clock::time_point now = Clock::now();
      if (now >= next_) {
        next_ = now + distance;
        return true;
      }
      changed_.wait_until(lock, stop, next_, is_open);
    }
  }

  void succeeded() {
    const std::scoped_lock lock(mutex_);
    unlimited_until_ = Clock::now() + distance;
    changed_.notify_all();
  }

 private:
  static constexpr std::chrono::seconds distance{1};

  std::mutex mutex_;
  std::condition_variable_any changed_;
  Clock::time_point next_{};
  Clock::time_point unlimited_until_{};
};

}  // namespace rolecall::serve

// Keeps bindings that fail together from asking more than once a second in all.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>

namespace rolecall::serve {

// Every call that fails, and every one that follows a failure, takes a second of the time that all
// bindings share; those that follow a failure wait for theirs. So in any time the failing calls are
// no more than its seconds and one a binding, and a renewal that is merely due never waits.
class Gate {
 public:
  using Clock = std::chrono::steady_clock;

  // For a call after a failure: takes the next free second and returns when it begins.
  Clock::time_point take(Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    const Clock::time_point begin = std::max(free_, now);
    free_ = begin + std::chrono::seconds(1);
    return begin;
  }

 private:
  std::mutex mutex_;
  Clock::time_point free_{};
};

}  // namespace rolecall::serve

// Keeps bindings that fail together from asking more than once a second in all.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>

namespace rolecall::serve {

// Every call takes a second of the time that all bindings share, and one that succeeds gives it
// back. Only calls that follow a failure wait for their second, so that a renewal that is merely
// due never does. So in any time the calls that fail are no more than its seconds, but for the
// first of each binding.
class Gate {
 public:
  using Clock = std::chrono::steady_clock;

  // Takes the next free second; returns when it begins.
  Clock::time_point take(Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    const Clock::time_point begin = std::max(free_, now);
    free_ = begin + std::chrono::seconds(1);
    return begin;
  }
  void give_back() {
    const std::scoped_lock lock(mutex_);
    free_ -= std::chrono::seconds(1);
  }

 private:
  std::mutex mutex_;
  Clock::time_point free_{};
};

}  // namespace rolecall::serve

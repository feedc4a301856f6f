// A clock that only a wait, or the test, moves on.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "unit/support/certificates.h"

namespace rolecall::test {

class ManualClock final : public Clock {
 public:
  std::chrono::system_clock::time_point wall() const override { return wall_; }
  std::chrono::steady_clock::time_point steady() const override { return steady_; }
  void wait(std::chrono::milliseconds time) const override {
    waits.push_back(time);
    pass(time);
    if (while_waiting) while_waiting();
  }

  void pass(std::chrono::milliseconds time) const {
    wall_ += time;
    steady_ += time;
  }
  // Only the date and time: somebody sets the clock.
  void set(std::chrono::milliseconds ahead) const { wall_ += ahead; }

  mutable std::vector<std::chrono::milliseconds> waits;
  std::function<void()> while_waiting;  // what other processes do meanwhile

 private:
  mutable std::chrono::system_clock::time_point wall_ = now;
  mutable std::chrono::steady_clock::time_point steady_{std::chrono::hours(1)};
};

}  // namespace rolecall::test

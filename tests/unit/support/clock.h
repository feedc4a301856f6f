// A clock that only a wait, or the test, moves on.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "unit/support/certificates.h"

namespace rolecall::test {

class ManualClock final : public Clock {
 public:
  std::chrono::system_clock::time_point wall() const override { return wall_; }
  std::chrono::steady_clock::time_point steady() const override { return steady_; }
  std::chrono::steady_clock::time_point since_boot() const override { return steady_; }
  // Moves the clock on. Only one thread may call this.
  void wait(std::chrono::milliseconds time) const override {
    waits.push_back(time);
    pass(time);
    if (while_waiting) while_waiting();
  }
  // Waits until another thread moves the clock on. Several threads may call this.
  void wait_for_change(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
                       const std::stop_token& stop, std::chrono::milliseconds time,
                       const std::function<bool()>& is_done) const override {
    const auto end = steady() + time;
    ++waiting_threads;
    while (!is_done() && !stop.stop_requested() && steady() < end)
      changed.wait_for(lock, stop, std::chrono::milliseconds(1), is_done);
    --waiting_threads;
  }

  void pass(std::chrono::milliseconds time) const {
    wall_ = wall() + time;
    steady_ = steady() + time;
  }
  // Sets only the date and time, as a user can.
  void set(std::chrono::milliseconds ahead) const { wall_ = wall() + ahead; }

  mutable std::vector<std::chrono::milliseconds> waits;
  std::function<void()> while_waiting;           // what other processes do during a wait
  mutable std::atomic<int> waiting_threads = 0;  // in wait_for_change

 private:
  mutable std::atomic<std::chrono::system_clock::time_point> wall_{now};
  mutable std::atomic<std::chrono::steady_clock::time_point> steady_{
      std::chrono::steady_clock::time_point(std::chrono::hours(1))};
};

}  // namespace rolecall::test

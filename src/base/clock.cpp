#include "base/clock.h"

#include <time.h>

#include <thread>

namespace rolecall {
namespace {

class MachineClock final : public Clock {
 public:
  std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::now();
  }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::steady_clock::time_point since_boot() const override {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::steady_clock::time_point(std::chrono::seconds(time.tv_sec) +
                                                 std::chrono::nanoseconds(time.tv_nsec));
  }
  void wait(std::chrono::milliseconds time) const override { std::this_thread::sleep_for(time); }
  void wait_for_change(std::condition_variable_any& changed, std::unique_lock<std::mutex>& lock,
                       const std::stop_token& stop, std::chrono::milliseconds time,
                       const std::function<bool()>& is_done) const override {
    changed.wait_for(lock, stop, time, is_done);
  }
};

}  // namespace

const Clock& machine_clock() {
  static const MachineClock instance;
  return instance;
}

}  // namespace rolecall

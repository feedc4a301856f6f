#include "base/clock.h"

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
  void wait(std::chrono::milliseconds time) const override { std::this_thread::sleep_for(time); }
};

}  // namespace

const Clock& machine_clock() {
  static const MachineClock the_only;
  return the_only;
}

}  // namespace rolecall

#include "identity/hardware/hardware_wait.h"

#include <gtest/gtest.h>

#include "identity/hardware/hardware.h"

#include <future>
#include <mutex>

namespace rolecall::identity {
namespace {

using std::chrono::milliseconds;

// What was told, in order; no limit is left behind.
class HardwareWaits : public testing::Test {
 protected:
  ~HardwareWaits() override { limit_hardware_waits({}, LimitOf::one_call, {}); }

  void limit(milliseconds time, LimitOf what) {
    limit_hardware_waits(time, what, [this](const SilentHardware& silent) {
      const std::scoped_lock lock(mutex_);
      told_.push_back(silent.name);
    });
  }

  std::vector<std::string> told() {
    const std::scoped_lock lock(mutex_);
    return told_;
  }

  bool eventually_told(std::size_t count) {
    for (int i = 0; i < 2000 && told().size() < count; ++i)
      std::this_thread::sleep_for(milliseconds(5));
    return told().size() == count;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(HardwareWaits, OneThatIsLongIsToldOnce) {
  limit(milliseconds(20), LimitOf::one_call);
  {
    const HardwareWait wait("token a");
    EXPECT_TRUE(eventually_told(1));
    std::this_thread::sleep_for(milliseconds(60));
    const auto silent = silent_hardware(std::this_thread::get_id());
    ASSERT_TRUE(silent);
    EXPECT_EQ(silent->text(), "token a has not answered in 0 s");
    EXPECT_FALSE(silent_hardware({}));
  }
  EXPECT_EQ(told(), std::vector<std::string>{"token a"});
  EXPECT_FALSE(silent_hardware(std::this_thread::get_id()));
}

TEST_F(HardwareWaits, TheInnerOneIsPartOfTheOuter) {
  limit(milliseconds(20), LimitOf::one_call);
  const HardwareWait outer("outer");
  { const HardwareWait inner("inner"); }
  EXPECT_TRUE(eventually_told(1));
  EXPECT_EQ(told().front(), "outer");
}

TEST_F(HardwareWaits, ThreadsAreToldApart) {
  limit(milliseconds(20), LimitOf::one_call);
  std::promise<void> end;
  std::thread other([ended = end.get_future()] {
    const HardwareWait wait("token b");
    ended.wait();
  });
  const std::thread::id id = other.get_id();
  {
    const HardwareWait wait("token a");
    EXPECT_TRUE(eventually_told(2));
    EXPECT_EQ(silent_hardware(id)->name, "token b");
    EXPECT_EQ(silent_hardware(std::this_thread::get_id())->name, "token a");
  }
  EXPECT_FALSE(silent_hardware(std::this_thread::get_id()));
  EXPECT_TRUE(silent_hardware(id));
  end.set_value();
  other.join();
}

TEST_F(HardwareWaits, AllCallsTogether) {
  limit(milliseconds(100), LimitOf::all_calls);
  for (int i = 0; i < 30 && told().empty(); ++i) {
    const HardwareWait wait("token");
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_FALSE(told().empty());
}

TEST_F(HardwareWaits, ThoseThatAreShortAreNotTold) {
  limit(std::chrono::minutes(1), LimitOf::one_call);
  for (int i = 0; i < 20; ++i) {
    const HardwareWait wait("token");
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(told().empty());
}

}  // namespace
}  // namespace rolecall::identity

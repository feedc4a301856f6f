#include "base/waiting.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rolecall {
namespace {

using namespace std::chrono_literals;

// What was shown, in order; shows nothing any more at its end.
class Shown {
 public:
  Shown() {
    show_waits([this](const std::string& what) {
      const std::scoped_lock lock(mutex_);
      texts_.push_back(what);
      changed_.notify_all();
    });
  }
  ~Shown() {
    show_waits([](const std::string&) {});
  }
  bool becomes(const std::vector<std::string>& expected) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return texts_ == expected; });
  }
  std::vector<std::string> texts() {
    const std::scoped_lock lock(mutex_);
    return texts_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

TEST(Waiting, IsShownAfterASecondAndRemovedAtItsEnd) {
  Shown shown;
  const auto begin = std::chrono::steady_clock::now();
  {
    const Waiting waiting("an answer");
    EXPECT_TRUE(shown.becomes({"an answer"}));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  }
  EXPECT_EQ(shown.texts(), (std::vector<std::string>{"an answer", ""}));
}

TEST(Waiting, ShortOnesAndThoseOfOtherThreadsAreNotShown) {
  Shown shown;
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  std::jthread other([&] {
    const Waiting waiting("of another thread");
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return over; });
  });
  for (int i = 0; i < 100; ++i)
    const Waiting waiting("short");
  const Waiting waiting("long");
  EXPECT_TRUE(shown.becomes({"long"}));
  const std::scoped_lock lock(mutex);
  over = true;
  changed.notify_all();
}

TEST(Waiting, WhetherItIsWantedIsAskedAtTheFirstWait) {
  int asked = 0;
  show_waits([](const std::string&) { ADD_FAILURE() << "nobody wants it"; },
             [&asked] {
               ++asked;
               return false;
             });
  EXPECT_EQ(asked, 0);
  for (int i = 0; i < 3; ++i)
    const Waiting waiting("x");
  EXPECT_EQ(asked, 1);
}

TEST(Waiting, AfterAnInnerOneTheOuterOneIsShown) {
  Shown shown;
  const Waiting outer("outer");
  {
    const Waiting inner("inner");
    EXPECT_TRUE(shown.becomes({"inner"}));
  }
  EXPECT_TRUE(shown.becomes({"inner", "", "outer"}));
}

}  // namespace
}  // namespace rolecall

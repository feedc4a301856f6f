#include "serve/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/serve/support.h"
#include "unit/support/clock.h"

namespace rolecall::serve {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public testing::Test {
 protected:
  // Starts a thread that waits for turns: for all of them after failures, or for one.
  void start_failing_binding() {
    bindings.emplace_back([this](const std::stop_token& stop) {
      while (limiter.wait_for_turn(stop, true))
        ++turns;
    });
  }
  void start_new_binding() {
    bindings.emplace_back([this](const std::stop_token& stop) {
      if (limiter.wait_for_turn(stop, false)) ++turns;
    });
  }

  rolecall::test::ManualClock clock;
  RateLimiter limiter{clock};
  std::atomic<int> turns = 0;
  std::vector<std::jthread> bindings;  // must be last: the threads use the other members
};

TEST_F(RateLimiterTest, FailingBindingsHaveOneTurnASecondTogether) {
  for (int i = 0; i < 10; ++i)
    start_failing_binding();
  for (int seconds = 0; seconds < 5; ++seconds) {
    EXPECT_TRUE(test::eventually([&] { return clock.waiting_threads == 10; }));
    EXPECT_EQ(turns, 1 + seconds);
    clock.pass(999ms);
    EXPECT_EQ(turns, 1 + seconds);
    clock.pass(1ms);
    EXPECT_TRUE(test::eventually([&] { return turns > 1 + seconds; }));
  }
}

TEST_F(RateLimiterTest, ASuccessLetsBindingsWithoutAFailurePass) {
  EXPECT_TRUE(limiter.wait_for_turn({}, false));
  for (int i = 0; i < 9; ++i)
    start_new_binding();
  start_failing_binding();
  EXPECT_TRUE(test::eventually([&] { return clock.waiting_threads == 10; }));
  EXPECT_EQ(turns, 0);
  limiter.succeeded();
  EXPECT_TRUE(test::eventually([&] { return turns == 9; }));
  EXPECT_EQ(clock.waiting_threads, 1);  // the binding that failed
}

TEST_F(RateLimiterTest, TheEffectOfASuccessEndsAfterASecond) {
  EXPECT_TRUE(limiter.wait_for_turn({}, false));
  limiter.succeeded();
  EXPECT_TRUE(limiter.wait_for_turn({}, false));
  clock.pass(1s);
  EXPECT_TRUE(limiter.wait_for_turn({}, false));
  start_new_binding();
  EXPECT_TRUE(test::eventually([&] { return clock.waiting_threads == 1; }));
  EXPECT_EQ(turns, 0);
}

TEST_F(RateLimiterTest, AStopEndsAWait) {
  EXPECT_TRUE(limiter.wait_for_turn({}, false));
  start_failing_binding();
  EXPECT_TRUE(test::eventually([&] { return clock.waiting_threads == 1; }));
  bindings.front().request_stop();
  bindings.front().join();
  EXPECT_EQ(turns, 0);
}

}  // namespace
}  // namespace rolecall::serve

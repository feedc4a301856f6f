#include "base/deadline.h"

#include <gtest/gtest.h>

#include "unit/support/clock.h"

namespace rolecall {
namespace {

using namespace std::chrono_literals;

class DeadlineTest : public testing::Test {
 protected:
  void pass() const { clock.pass(20ms); }

  const test::ManualClock clock;
  Deadline deadline{1h, clock};
};

TEST_F(DeadlineTest, IsPassedOnceTheTimeIsUp) {
  EXPECT_EQ(deadline.left(), 1h);
  clock.pass(1h - 1ms);
  EXPECT_EQ(deadline.left(), 1ms);
  EXPECT_FALSE(deadline.passed());
  clock.pass(1h);
  EXPECT_EQ(deadline.left(), 0ms);
  EXPECT_TRUE(deadline.passed());
}

TEST_F(DeadlineTest, DoesNotCareWhoSetsTheDate) {
  clock.set(-24h);
  EXPECT_EQ(deadline.left(), 1h);
}

TEST_F(DeadlineTest, StandsStillInAPause) {
  const Deadline::Pause pause(&deadline);
  const auto left = deadline.left();
  pass();
  const Deadline::Pause inner(&deadline);
  pass();
  EXPECT_EQ(deadline.left(), left);
}

TEST_F(DeadlineTest, CountsWhatIsResumedInAPause) {
  const Deadline::Pause pause(&deadline);
  const Deadline::Pause inner(&deadline);
  const auto left = deadline.left();
  {
    const Deadline::Resume counted(&deadline);
    const Deadline::Resume again(&deadline);
    pass();
    EXPECT_EQ(deadline.left(), left - 20ms);
    const Deadline::Pause asked(&deadline);
    const auto paused = deadline.left();
    pass();
    EXPECT_EQ(deadline.left(), paused);
  }
  const auto after = deadline.left();
  EXPECT_EQ(after, left - 20ms);
  pass();
  EXPECT_EQ(deadline.left(), after);
}

TEST_F(DeadlineTest, ResumesNothingWithoutAPause) {
  const auto left = deadline.left();
  {
    const Deadline::Resume counted(&deadline);
    pass();
  }
  const Deadline::Resume none(nullptr);
  EXPECT_EQ(deadline.left(), left - 20ms);
  EXPECT_FALSE(deadline.passed());
}

}  // namespace
}  // namespace rolecall

#include "base/deadline.h"

#include <gtest/gtest.h>

#include <thread>

namespace rolecall {
namespace {

using namespace std::chrono_literals;

void sleep() {
  std::this_thread::sleep_for(20ms);
}

TEST(Deadline, StandsStillInAPause) {
  Deadline deadline(1h);
  const Deadline::Pause pause(&deadline);
  const auto left = deadline.left();
  sleep();
  const Deadline::Pause inner(&deadline);
  sleep();
  EXPECT_EQ(deadline.left(), left);
}

TEST(Deadline, CountsWhatIsResumedInAPause) {
  Deadline deadline(1h);
  const Deadline::Pause pause(&deadline);
  const Deadline::Pause inner(&deadline);
  const auto left = deadline.left();
  {
    const Deadline::Resume counted(&deadline);
    const Deadline::Resume again(&deadline);
    sleep();
    EXPECT_LE(deadline.left(), left - 20ms);
    const Deadline::Pause asked(&deadline);
    const auto paused = deadline.left();
    sleep();
    EXPECT_EQ(deadline.left(), paused);
  }
  const auto after = deadline.left();
  EXPECT_LE(after, left - 20ms);
  sleep();
  EXPECT_EQ(deadline.left(), after);
}

TEST(Deadline, ResumesNothingWithoutAPause) {
  Deadline deadline(1h);
  const auto left = deadline.left();
  {
    const Deadline::Resume counted(&deadline);
    sleep();
  }
  const Deadline::Resume none(nullptr);
  EXPECT_LE(deadline.left(), left - 20ms);
  EXPECT_FALSE(deadline.passed());
}

}  // namespace
}  // namespace rolecall

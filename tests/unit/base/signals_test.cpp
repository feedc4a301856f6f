#include "base/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace rolecall {
namespace {

using std::chrono::milliseconds;

bool is_blocked(int number) {
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return sigismember(&now, number) == 1;
}

TEST(Signals, AreTakenOneByOne) {
  const Signals signals({SIGUSR1, SIGUSR2});
  kill(getpid(), SIGUSR2);
  EXPECT_EQ(signals.wait(milliseconds(10000)).si_signo, SIGUSR2);
  EXPECT_EQ(signals.wait(milliseconds(0)).si_signo, 0);
  signals.restore_mask();
}

TEST(Signals, EndTheProcessMeanwhile) {
  const auto end = [] {
    const Signals signals({SIGTERM, SIGHUP});
    const ExitOnSignal meanwhile({SIGTERM, SIGINT});
    raise(SIGHUP);  // waits
    raise(SIGTERM);
    _exit(1);
  };
  EXPECT_EXIT(end(), testing::ExitedWithCode(0), "");
}

TEST(Signals, WaitAgainAfterThat) {
  const auto wait = [] {
    const Signals signals({SIGTERM});
    { const ExitOnSignal meanwhile({SIGTERM, SIGINT}); }
    raise(SIGTERM);
    _exit(signals.wait(milliseconds(10000)).si_signo == SIGTERM ? 3 : 1);
  };
  EXPECT_EXIT(wait(), testing::ExitedWithCode(3), "");
}

TEST(Signals, AreNotForSomeThreads) {
  {
    const BlockAllSignals none;
    std::thread([] { EXPECT_TRUE(is_blocked(SIGTERM)); }).join();
  }
  EXPECT_FALSE(is_blocked(SIGTERM));
}

}  // namespace
}  // namespace rolecall

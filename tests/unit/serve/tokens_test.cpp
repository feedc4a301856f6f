#include "serve/tokens.h"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <set>

#include "base/codec.h"
#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

using test::after;
using test::now;
using namespace std::chrono_literals;

constexpr std::string_view boot = "this boot";

Secret key(char c = 'k') {
  return Secret(std::string(64, c));
}

TEST(ImdsTokens, AreValidUntilTheyExpire) {
  const ImdsTokens tokens(key(), boot);
  const std::string token = tokens.issue(60s, now);
  EXPECT_GE(token.size(), 64U);
  EXPECT_TRUE(tokens.valid(token, now));
  EXPECT_TRUE(tokens.valid(token, after(59s)));
  EXPECT_FALSE(tokens.valid(token, after(60s)));
}

TEST(ImdsTokens, NoOtherTextIsAToken) {
  const ImdsTokens tokens(key(), boot);
  const std::string token = tokens.issue(60s, now);
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'B', '/', '=', ' ', '\0'}) {
      std::string other = token;
      other[i] = c;
      EXPECT_EQ(tokens.valid(other, now), other == token) << i << c;
    }
  }
  for (const std::string& other :
       {std::string(), std::string("A"), token.substr(1), token + "A", token + " ", token + token,
        std::string(token.size(), 'A'), std::string(token.size(), '\0')}) {
    EXPECT_FALSE(tokens.valid(other, now)) << other;
  }
}

TEST(ImdsTokens, NeedTheKey) {
  const ImdsTokens tokens(key(), boot);
  const ImdsTokens others(key('o'), boot);
  EXPECT_FALSE(others.valid(tokens.issue(60s, now), now));
}

TEST(ImdsTokens, StayValidAfterARestart) {
  const std::string token = ImdsTokens(key(), boot).issue(21600s, now);
  EXPECT_TRUE(ImdsTokens(key(), boot).valid(token, after(21599s)));
  EXPECT_FALSE(ImdsTokens(key(), boot).valid(token, after(21600s)));
}

// Before a restart of serve and after it. A machine without a battery clock starts with the year
// 1970 or with the day of the last shutdown.
TEST(ImdsTokens, AWrongWallClockNeitherShortensNorExtendsThem) {
  const ImdsTokens tokens(key(), boot);
  const ImdsTokens restarted(key(), boot);
  const std::string token = tokens.issue(60s, now);
  for (const ImdsTokens* each : {&tokens, &restarted}) {
    for (const std::chrono::seconds wall : {1764000000s, 999999s, 0s, -999999s, -1764000000s}) {
      EXPECT_TRUE(each->valid(token, after(wall, 59s))) << wall.count();
      EXPECT_FALSE(each->valid(token, after(wall, 60s))) << wall.count();
    }
    EXPECT_FALSE(each->valid(token, after(0s, -1s)));  // issued in the future of this boot
  }
}

// After a boot, the clock since the boot starts again at 0.
TEST(ImdsTokens, AfterABootTheWallClockCounts) {
  const std::string token = ImdsTokens(key(), boot).issue(60s, now);
  const auto valid_at = [&token](std::chrono::seconds wall) {
    return ImdsTokens(key(), "another boot")
        .valid(token, {now.wall + wall, std::chrono::steady_clock::time_point(5s)});
  };
  EXPECT_TRUE(valid_at(59s));
  EXPECT_FALSE(valid_at(60s));
  EXPECT_TRUE(valid_at(-300s));  // set back a little, as by NTP
  EXPECT_FALSE(valid_at(-301s));
  EXPECT_FALSE(valid_at(-86400s));
}

// The steady clock of an Instant also counts while the machine is suspended.
TEST(ImdsTokens, TimeIsCountedSinceTheBoot) {
  const auto read = [](clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::steady_clock::time_point(std::chrono::seconds(time.tv_sec) +
                                                 std::chrono::nanoseconds(time.tv_nsec));
  };
  const auto before = read(CLOCK_BOOTTIME);
  const auto between = aws::Instant::now().steady;
  EXPECT_LE(before, between);
  EXPECT_LE(between, read(CLOCK_BOOTTIME));
}

TEST(ImdsTokens, AllProcessesOfABootHaveTheSameBootId) {
  if (access("/proc/sys/kernel/random/boot_id", R_OK) != 0) {
    GTEST_SKIP() << "the kernel does not say its boot id";
  }
  EXPECT_EQ(this_boot(), this_boot());
}

TEST(ImdsTokens, AreValidForSixHoursAtMost) {
  const ImdsTokens tokens(key(), boot);
  const std::string token = tokens.issue(999999s, now);
  EXPECT_TRUE(tokens.valid(token, after(21599s)));
  EXPECT_FALSE(tokens.valid(token, after(21600s)));
}

TEST(ImdsTokens, AreAllDifferent) {
  const ImdsTokens tokens(key(), boot);
  std::set<std::string> all;
  for (int i = 0; i < 1000; ++i)
    all.insert(tokens.issue(60s, now));
  EXPECT_EQ(all.size(), 1000U);
}

}  // namespace
}  // namespace rolecall::serve

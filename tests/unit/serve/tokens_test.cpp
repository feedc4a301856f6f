#include "serve/tokens.h"

#include <gtest/gtest.h>

#include <set>

#include "base/codec.h"
#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

using test::after;
using test::now;
using namespace std::chrono_literals;

Secret key(char c = 'k') {
  return Secret(std::string(64, c));
}

TEST(ImdsTokens, AreValidUntilTheyExpire) {
  const ImdsTokens tokens(key(), now);
  const std::string token = tokens.issue(60s, now);
  EXPECT_GE(token.size(), 64U);
  EXPECT_TRUE(tokens.valid(token, now));
  EXPECT_TRUE(tokens.valid(token, after(59s)));
  EXPECT_FALSE(tokens.valid(token, after(60s)));
}

TEST(ImdsTokens, NoOtherTextIsOne) {
  const ImdsTokens tokens(key(), now);
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
  const ImdsTokens tokens(key(), now);
  const ImdsTokens others(key('o'), now);
  EXPECT_FALSE(others.valid(tokens.issue(60s, now), now));
}

TEST(ImdsTokens, OutliveARestart) {
  const std::string token = ImdsTokens(key(), now).issue(21600s, now);
  // After it, and after a boot: the steady clock has begun anew.
  const aws::Instant later{now.wall + 21599s, std::chrono::steady_clock::time_point(3s)};
  EXPECT_TRUE(ImdsTokens(key(), later).valid(token, later));
  const aws::Instant end{now.wall + 21600s, std::chrono::steady_clock::time_point(3s)};
  EXPECT_FALSE(ImdsTokens(key(), end).valid(token, end));
}

TEST(ImdsTokens, AClockThatIsSetEndsNoneAndProlongsNone) {
  const ImdsTokens tokens(key(), now);
  const std::string token = tokens.issue(60s, now);
  EXPECT_TRUE(tokens.valid(token, after(999999s, 59s)));
  EXPECT_TRUE(tokens.valid(token, after(-999999s, 59s)));
  EXPECT_FALSE(tokens.valid(token, after(-999999s, 60s)));
}

TEST(ImdsTokens, AClockThatIsSetBackBeforeARestartProlongsALittleAtMost) {
  const std::string token = ImdsTokens(key(), now).issue(60s, now);
  const auto valid_at = [&token](std::chrono::seconds shift) {
    const aws::Instant then = after(shift, 0s);
    return ImdsTokens(key(), then).valid(token, then);
  };
  EXPECT_TRUE(valid_at(-300s));
  EXPECT_FALSE(valid_at(-301s));
  EXPECT_FALSE(valid_at(-86400s));
}

TEST(ImdsTokens, LiveSixHoursAtMost) {
  const ImdsTokens tokens(key(), now);
  const std::string token = tokens.issue(999999s, now);
  EXPECT_TRUE(tokens.valid(token, after(21599s)));
  EXPECT_FALSE(tokens.valid(token, after(21600s)));
}

TEST(ImdsTokens, AreNoTwoTheSame) {
  const ImdsTokens tokens(key(), now);
  std::set<std::string> all;
  for (int i = 0; i < 1000; ++i)
    all.insert(tokens.issue(60s, now));
  EXPECT_EQ(all.size(), 1000U);
}

}  // namespace
}  // namespace rolecall::serve

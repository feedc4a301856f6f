#include "emulate/faults.h"

#include <gtest/gtest.h>

#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

using Kind = Fault::Kind;

Faults faults(const std::vector<std::string>& texts) {
  std::vector<Fault> parsed;
  for (const std::string& text : texts)
    parsed.push_back(parse_fault(text));
  return Faults(parsed);
}

TEST(ParseFault, TakesEachKind) {
  EXPECT_EQ(parse_fault("500").status, 500);
  EXPECT_FALSE(parse_fault("500").left);
  EXPECT_EQ(parse_fault("503:2").left, 2U);
  EXPECT_EQ(parse_fault("throttle:1").kind, Kind::throttle);
  EXPECT_EQ(parse_fault("delay=1.5:3").delay, std::chrono::milliseconds(1500));
  EXPECT_EQ(parse_fault("delay=0").delay, std::chrono::milliseconds(0));
  EXPECT_EQ(parse_fault("broken").kind, Kind::broken);
  EXPECT_EQ(parse_fault("truncated").kind, Kind::truncated);
  EXPECT_EQ(parse_fault("empty").kind, Kind::empty);
  EXPECT_EQ(parse_fault("clock=+600").seconds, std::chrono::seconds(600));
  EXPECT_EQ(parse_fault("clock=-600:1").seconds, std::chrono::seconds(-600));
  EXPECT_EQ(parse_fault("clock=7").seconds, std::chrono::seconds(7));
  EXPECT_EQ(parse_fault("retry-after=3").seconds, std::chrono::seconds(3));
}

TEST(ParseFault, RefusesTheRestAndListsTheKinds) {
  for (const char* bad : {"",
                          ":",
                          ":1",
                          "50",
                          "200",
                          "299",
                          "600",
                          "5000",
                          "-500",
                          "500 ",
                          "500:",
                          "500:0",
                          "500:-1",
                          "500:x",
                          "500:1.5",
                          "500=1",
                          "throttle=1",
                          "throttled",
                          "delay",
                          "delay=",
                          "delay=-1",
                          "delay=x",
                          "delay=nan",
                          "delay=inf",
                          "delay=3601",
                          "delay=1s",
                          "clock",
                          "clock=",
                          "clock=++1",
                          "clock=1.5",
                          "retry-after",
                          "retry-after=-1",
                          "retry-after=soon",
                          "=1"}) {
    try {
      parse_fault(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(error.hint().find("truncated"), std::string::npos);
    }
  }
}

TEST(Faults, OutcomesComeOneAfterAnother) {
  Faults some = faults({"500:2", "throttle:1"});
  EXPECT_EQ(some.next().outcome->status, 500);
  EXPECT_EQ(some.next().outcome->status, 500);
  EXPECT_EQ(some.next().outcome->kind, Kind::throttle);
  EXPECT_FALSE(some.next().outcome);
}

TEST(Faults, WithoutACountHoldForAll) {
  Faults always = faults({"broken", "500:1"});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(always.next().outcome->kind, Kind::broken);
}

TEST(Faults, DelayClockAndRetryAfterGoAlong) {
  Faults some = faults({"500:2", "delay=1:1", "delay=2:1", "clock=60:2", "retry-after=9"});
  EXPECT_EQ(some.clock_offset(), std::chrono::seconds(60));
  Effects first = some.next();
  EXPECT_EQ(first.outcome->status, 500);
  EXPECT_EQ(first.delay, std::chrono::seconds(1));
  EXPECT_EQ(first.retry_after, std::chrono::seconds(9));
  EXPECT_EQ(some.clock_offset(), std::chrono::seconds(60));
  EXPECT_EQ(some.next().delay, std::chrono::seconds(2));
  EXPECT_EQ(some.clock_offset(), std::chrono::seconds(0));
  Effects third = some.next();
  EXPECT_FALSE(third.outcome);
  EXPECT_EQ(third.delay, std::chrono::seconds(0));
  EXPECT_TRUE(third.retry_after);
}

}  // namespace
}  // namespace rolecall::emulate

#include "base/time.h"

#include <gtest/gtest.h>

#include <random>

namespace rolecall {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(Time, KnownForms) {
  const sys_seconds time(seconds(1795460212));
  EXPECT_EQ(rfc3339(time), "2026-11-23T18:56:52Z");
  EXPECT_EQ(amz_date(time), "20261123T185652Z");
  EXPECT_EQ(http_date(time), "Mon, 23 Nov 2026 18:56:52 GMT");
}

TEST(Time, WhatIsWrittenReadsTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const sys_seconds time(seconds(random() % 253402300799));  // up to the year 9999
    EXPECT_EQ(parse_rfc3339(rfc3339(time)), time);
    EXPECT_EQ(parse_amz_date(amz_date(time)), time);
    EXPECT_EQ(parse_http_date(http_date(time)), time);
  }
}

TEST(Time, Rfc3339Variants) {
  const auto time = parse_rfc3339("2026-11-23T18:51:52Z");
  EXPECT_EQ(parse_rfc3339("2026-11-23T18:51:52.123Z"), time);
  EXPECT_EQ(parse_rfc3339("2026-11-23t18:51:52z"), time);
  EXPECT_EQ(parse_rfc3339("2026-11-23T20:21:52+01:30"), time);
  EXPECT_EQ(parse_rfc3339("2026-11-23T13:51:52-05:00"), time);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00",
        "+026-01-01T00:00:00Z", "-026-01-01T00:00:00Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+0100",
        // Years that are not written with four digits.
        "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-00:01"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
  for (const char* text : {"20261123T185652", "20261123 185652Z", "20261323T185652Z", "x"}) {
    EXPECT_FALSE(parse_amz_date(text)) << text;
  }
  for (const char* text :
       {"Mon, 23 Foo 2026 18:56:52 GMT", "Monday, 23-Nov-26 18:56:52 GMT", "0"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(Time, RoughDurations) {
  EXPECT_EQ(largest_unit_text(seconds(1)), "1 second");
  EXPECT_EQ(largest_unit_text(seconds(-120)), "2 minutes");
  EXPECT_EQ(largest_unit_text(seconds(7199)), "1 hour");
  EXPECT_EQ(largest_unit_text(std::chrono::days(3)), "3 days");
}

TEST(SecondsText, IsExactToTheMillisecond) {
  using namespace std::chrono_literals;
  EXPECT_EQ(seconds_text(0ms), "0 s");
  EXPECT_EQ(seconds_text(250ms), "0.25 s");
  EXPECT_EQ(seconds_text(1001ms), "1.001 s");
  EXPECT_EQ(seconds_text(90s), "90 s");
}

TEST(Seconds, DecimalsToTheMillisecond) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_seconds("5"), milliseconds(5000));
  EXPECT_EQ(parse_seconds("2.5"), milliseconds(2500));
  EXPECT_EQ(parse_seconds(".05"), milliseconds(50));
  EXPECT_EQ(parse_seconds("0"), milliseconds(0));
  EXPECT_EQ(parse_seconds("007.0019"), milliseconds(7001));
  EXPECT_EQ(parse_seconds("999999999999"), milliseconds(999999999999000));
  for (const char* bad : {"", ".", "5.", "1.2.3", "-1", "+1", "1e3", "nan", "inf", "0x5", " 1",
                          "1s", "1000000000000"}) {
    EXPECT_EQ(parse_seconds(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace rolecall

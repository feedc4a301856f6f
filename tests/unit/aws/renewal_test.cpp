#include "aws/renewal.h"

#include <gtest/gtest.h>

namespace rolecall::aws {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant first_success{std::chrono::system_clock::time_point(std::chrono::hours(490000)),
                            std::chrono::steady_clock::time_point(1000s)};

Instant after(milliseconds wall, milliseconds steady) {
  return {first_success.wall + wall, first_success.steady + steady};
}

RenewalSchedule renewed(seconds refresh_before, seconds lifetime, double random = 0,
                        seconds requested_duration = 3600s) {
  RenewalSchedule schedule(refresh_before);
  schedule.succeeded(first_success, first_success.wall + lifetime, requested_duration, random);
  return schedule;
}

TEST(RenewalSchedule, IsDueBeforeTheExpiry) {
  const RenewalSchedule schedule = renewed(300s, 3600s);
  EXPECT_EQ(schedule.time_until_due(first_success), 3300s);
  EXPECT_EQ(schedule.time_until_due(after(3299s, 3299s)), 1s);
  EXPECT_EQ(schedule.time_until_due(after(3300s, 3300s)), 0s);
}

TEST(RenewalSchedule, TheRandomNumberMovesItForward) {
  EXPECT_EQ(renewed(300s, 900s, 1).time_until_due(first_success), 540s);
  EXPECT_EQ(renewed(300s, 3600s, 1).time_until_due(first_success), 3240s);
  EXPECT_EQ(renewed(300s, 43200s, 0.5, 43200s).time_until_due(first_success), 42870s);
}

// botocore uses credentials of instance metadata for up to ten minutes without a new request.
TEST(RenewalSchedule, ByDefaultElevenMinutesAreLeft) {
  for (const seconds lifetime : {900s, 1200s, 1800s, 3600s, 43200s}) {
    for (const double random : {0.0, 0.5, 1.0}) {
      RenewalSchedule schedule;
      schedule.succeeded(first_success, first_success.wall + lifetime, lifetime, random);
      EXPECT_GE(lifetime - schedule.time_until_due(first_success), 660s) << lifetime.count();
      EXPECT_GE(schedule.time_until_due(first_success), 200s) << lifetime.count();
    }
  }
}

TEST(RenewalSchedule, AMarginAsLongAsTheLifetimeCausesNoBusyLoop) {
  EXPECT_EQ(renewed(900s, 900s).time_until_due(first_success), 225s);
  EXPECT_EQ(renewed(43199s, 3600s).time_until_due(first_success), 225s);
  // This machine's clock is ahead of the service's clock, so less time seems to be left than there
  // is.
  EXPECT_GE(renewed(300s, 301s).time_until_due(first_success), 150s);
  EXPECT_EQ(renewed(960s, 961s).time_until_due(first_success), 225s);
}

TEST(RenewalSchedule, VeryShortSessionsAreRenewedAfterHalfTheirLifetime) {
  EXPECT_EQ(renewed(900s, 400s).time_until_due(first_success), 200s);
  EXPECT_EQ(renewed(300s, 10s).time_until_due(first_success), 5s);
  EXPECT_EQ(renewed(300s, 1s, 1).time_until_due(first_success), 450ms);
}

TEST(RenewalSchedule, ASuspendDoesNotDelayIt) {
  // The machine was suspended for an hour.
  EXPECT_EQ(renewed(300s, 3600s).time_until_due(after(3600s, 10s)), 0s);
}

TEST(RenewalSchedule, AClockThatIsSetBackDoesNotDelayIt) {
  EXPECT_EQ(renewed(300s, 3600s).time_until_due(after(-7200s, 3300s)), 0s);
}

TEST(RenewalSchedule, AWrongClockFallsBackOnTheDuration) {
  EXPECT_EQ(renewed(300s, -7200s).time_until_due(first_success), 3300s);
  EXPECT_EQ(renewed(300s, 90000s).time_until_due(first_success), 3300s);
  // This machine's clock is behind the service's clock. No session lasts longer than requested.
  EXPECT_EQ(renewed(300s, 3720s).time_until_due(first_success), 3300s);
}

TEST(RenewalSchedule, FailuresBackOff) {
  RenewalSchedule schedule(300s);
  for (const seconds most : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
    schedule.failed(first_success, 1);
    EXPECT_EQ(schedule.time_until_due(first_success), most);
  }
  EXPECT_EQ(schedule.failures(), 9);
  schedule.failed(first_success, 0.5);
  EXPECT_EQ(schedule.time_until_due(first_success), 30s);
  schedule.failed(first_success, 0);
  EXPECT_EQ(schedule.time_until_due(first_success), 200ms);
  schedule.succeeded(first_success, first_success.wall + 3600s, 3600s, 0);
  EXPECT_EQ(schedule.failures(), 0);
  schedule.failed(first_success, 1);
  EXPECT_EQ(schedule.time_until_due(first_success), 1s);
}

TEST(RenewalSchedule, CanBeBroughtForward) {
  RenewalSchedule schedule = renewed(300s, 3600s);
  schedule.bring_forward(first_success, 1800s);
  EXPECT_EQ(schedule.time_until_due(first_success), 1800s);
  schedule.bring_forward(first_success, 2000s);  // would be later
  EXPECT_EQ(schedule.time_until_due(first_success), 1800s);
  schedule.bring_forward(after(1000s, 1000s), 0s);
  EXPECT_EQ(schedule.time_until_due(after(1000s, 1000s)), 200ms);
}

TEST(RenewalSchedule, IsNotBroughtForwardTooFar) {
  RenewalSchedule schedule = renewed(300s, 3600s);
  schedule.bring_forward(after(10s, 10s), 0s);
  EXPECT_EQ(schedule.time_until_due(after(10s, 10s)), 215s);
  RenewalSchedule short_session = renewed(0s, 10s);
  short_session.bring_forward(after(1s, 1s), 0s);
  EXPECT_EQ(short_session.time_until_due(after(1s, 1s)), 4s);
}

TEST(RenewalSchedule, TheFirstAttemptIsDueAtOnce) {
  EXPECT_EQ(RenewalSchedule(300s).time_until_due(Instant::now()), 0s);
}

}  // namespace
}  // namespace rolecall::aws

// When to renew credentials.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace rolecall::aws {

// A point in time on two clocks. The wall clock has the time of day and can be set; the steady
// clock is never set back.
struct Instant {
  std::chrono::system_clock::time_point wall;
  // The time since the boot. It also counts while the machine is suspended, because credentials
  // expire then, too. Do not compare it with std::chrono::steady_clock::now().
  std::chrono::steady_clock::time_point steady;

  static Instant now(const Clock& clock = machine_clock()) {
    return {clock.wall(), clock.since_boot()};
  }
};

// How long before their expiry credentials are renewed by default: one minute before botocore and
// the SDKs for Java ask for new ones. If botocore then finds no new credentials in instance
// metadata, it asks again only after 2 to 10 minutes. Until then, it uses the old ones, even if
// they have expired. So botocore must never get credentials that are valid for less than 10
// minutes.
constexpr std::chrono::seconds usual_refresh_before{960};

// How long credentials that expire at `expiration` are still valid at `now`, but at most
// `requested_duration`. If they have already expired by this machine's clock, that clock is wrong,
// and the result is `requested_duration`.
std::chrono::milliseconds lifetime_of(std::chrono::system_clock::time_point expiration,
                                      std::chrono::seconds requested_duration, Instant now);

// Calls no clock and no random generator. The caller passes the time and the random number, so that
// tests can pass any.
class RenewalSchedule {
 public:
  // A renewal is due `refresh_before` ahead of the expiry. But it is due no earlier than 225 s
  // after the last renewal, or than half the lifetime if that is shorter.
  explicit RenewalSchedule(std::chrono::seconds refresh_before = usual_refresh_before)
      : refresh_before_(refresh_before) {}

  // Call this when credentials that expire at `expiration` came into use at `now`. See lifetime_of
  // for `requested_duration`. `random` (0 to 1) moves the renewal forward by up to a tenth of the
  // wait, but by no more than a minute, so that hosts that started together do not renew together.
  void succeeded(Instant now, std::chrono::system_clock::time_point expiration,
                 std::chrono::seconds requested_duration, double random);

  // Makes the next renewal due after `wait` if it would be due later. But it is still due no
  // earlier than the constructor says.
  void bring_forward(Instant now, std::chrono::milliseconds wait);

  // Call this when a renewal failed at `now`. The next attempt is due after `random` × 1 s, 2 s, 4
  // s … (at most `random` × 60 s), but no earlier than after 0.2 s or after `retry_after`, which
  // the service asked for.
  void failed(Instant now, double random, std::chrono::milliseconds retry_after = {});

  // The time until the next attempt is due on either clock, whichever is first. 0: it is due now.
  std::chrono::milliseconds time_until_due(Instant now) const;

  int failures() const { return failures_; }  // since the last success

 private:
  void set(Instant now, std::chrono::milliseconds wait);

  std::chrono::seconds refresh_before_;
  Instant due_;
  Instant earliest_;  // of the next renewal after a success
  int failures_ = 0;
};

}  // namespace rolecall::aws

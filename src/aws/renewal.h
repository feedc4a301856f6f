// When credentials are to be renewed.
#pragma once

#include <chrono>

namespace rolecall::aws {

// A point in time on both clocks. The wall clock runs on while the machine sleeps; the steady one
// is not set back.
struct Instant {
  std::chrono::system_clock::time_point wall;
  // Counts while the machine is suspended, too, as expiries do: since the boot (CLOCK_BOOTTIME).
  // Not to be compared with std::chrono::steady_clock::now().
  std::chrono::steady_clock::time_point steady;

  static Instant now();
};

// How long before they expire credentials are renewed, unless told otherwise: a minute before
// botocore and the SDKs for Java ask for newer ones. If botocore finds none in instance metadata,
// it asks again only 2 to 10 minutes later, and until then uses what it was given, also past its
// expiry: so it must never be given less than 10 minutes.
constexpr std::chrono::seconds usual_refresh_before{960};

// How long credentials that expire at `expiration` live, which is never longer than was `asked`
// for. If they have expired already by this machine's clock, that clock is wrong: what was asked
// for.
std::chrono::milliseconds lifetime_of(std::chrono::system_clock::time_point expiration,
                                      std::chrono::seconds asked, Instant now);

// Knows of no clock and no dice, so that tests can give it any.
class RenewalSchedule {
 public:
  // Renewals are due `refresh_before` ahead of expiry, but no sooner than 225 s after the last one,
  // or half the lifetime if that is shorter.
  explicit RenewalSchedule(std::chrono::seconds refresh_before = usual_refresh_before)
      : refresh_before_(refresh_before) {}

  // `now`: credentials that expire at `expiration` are in use; `asked` is as above. `random` (0 to
  // 1) brings the renewal forward by up to a tenth of the wait, so that hosts that started together
  // do not renew together; by a minute at most.
  void succeeded(Instant now, std::chrono::system_clock::time_point expiration,
                 std::chrono::seconds asked, double random);

  // The next try: `random` × 1 s, 2 s, 4 s … (a minute at most), and never below 0.2 s or
  // `retry_after`, what the service asked for.
  void failed(Instant now, double random, std::chrono::milliseconds retry_after = {});

  // How long until the next try is due by the first of both clocks; 0: now.
  std::chrono::milliseconds left(Instant now) const;

  int failures() const { return failures_; }  // since the last success

 private:
  void set(Instant now, std::chrono::milliseconds wait);

  std::chrono::seconds refresh_before_;
  Instant due_;
  int failures_ = 0;
};

}  // namespace rolecall::aws

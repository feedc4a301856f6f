#include "aws/renewal.h"

#include <algorithm>

namespace rolecall::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds max_jitter{60};
constexpr seconds max_wait{60};
constexpr milliseconds min_wait{200};
// A quarter of the shortest session (900 s). Such a session is then still valid for the 10 minutes
// that botocore needs (see usual_refresh_before). This also limits how often a binding renews.
constexpr seconds min_renewal_time{225};

milliseconds part(double share, milliseconds whole) {
  return milliseconds(static_cast<milliseconds::rep>(share * static_cast<double>(whole.count())));
}

}  // namespace

milliseconds lifetime_of(std::chrono::system_clock::time_point expiration,
                         seconds requested_duration, Instant now) {
  const auto lifetime = std::chrono::floor<milliseconds>(expiration - now.wall);
  return lifetime <= seconds(0) ? requested_duration
                                : std::min<milliseconds>(lifetime, requested_duration);
}

void RenewalSchedule::succeeded(Instant now, std::chrono::system_clock::time_point expiration,
                                seconds requested_duration, double random) {
  failures_ = 0;
  const milliseconds lifetime = lifetime_of(expiration, requested_duration, now);
  const milliseconds earliest = std::min<milliseconds>(lifetime / 2, min_renewal_time);
  earliest_ = {now.wall + earliest, now.steady + earliest};
  milliseconds wait = std::max<milliseconds>(lifetime - refresh_before_, earliest);
  wait -= part(random, std::min<milliseconds>(wait / 10, max_jitter));
  set(now, wait);
}

void RenewalSchedule::bring_forward(Instant now, milliseconds wait) {
  const auto by_wall = std::chrono::ceil<milliseconds>(earliest_.wall - now.wall);
  const auto by_steady = std::chrono::ceil<milliseconds>(earliest_.steady - now.steady);
  wait = std::max(wait, std::min(by_wall, by_steady));
  if (wait < time_until_due(now)) set(now, wait);
}

void RenewalSchedule::failed(Instant now, double random, milliseconds retry_after) {
  const seconds most = failures_ < 6 ? seconds(1 << failures_) : max_wait;
  ++failures_;
  set(now, std::max(part(random, most), retry_after));
}

milliseconds RenewalSchedule::time_until_due(Instant now) const {
  const auto by_wall = std::chrono::ceil<milliseconds>(due_.wall - now.wall);
  const auto by_steady = std::chrono::ceil<milliseconds>(due_.steady - now.steady);
  return std::max(std::min(by_wall, by_steady), milliseconds(0));
}

void RenewalSchedule::set(Instant now, milliseconds wait) {
  wait = std::max(wait, min_wait);
  due_ = {now.wall + wait, now.steady + wait};
}

}  // namespace rolecall::aws

#include "serve/daily_warnings.h"

#include <algorithm>

#include "base/time.h"

namespace rolecall::serve {
namespace {

using std::chrono::seconds;

constexpr auto warn_before = std::chrono::days(30);
constexpr std::size_t max_logged = 100;

// A certificate that is valid for only a day must not cause warnings all day long.
bool expires_soon(const CertificateStatus& certificate, std::chrono::sys_seconds now) {
  const seconds life = certificate.not_after - certificate.not_before;
  return certificate.not_after - now < std::min<seconds>(warn_before, life / 3);
}

}  // namespace

void DailyWarnings::say(std::string_view text) {
  if (said_.size() >= max_logged) said_.clear();
  if (said_.insert(std::string(text)).second) log_.warning(text, {{"binding", binding_}});
}

void DailyWarnings::look_at(const std::vector<CertificateStatus>& certificates,
                            std::chrono::sys_seconds now,
                            std::optional<std::chrono::sys_seconds> credentials_expire) {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const bool daily = today != last_check_;
  for (const CertificateStatus& certificate : certificates) {
    const bool expires_first = credentials_expire && certificate.not_after < *credentials_expire;
    if (!expires_first && !(daily && expires_soon(certificate, now))) continue;
    log_.warning(expires_first ? "a certificate expires before the credentials do"
                               : "a certificate expires soon",
                 {{"binding", binding_},
                  {"certificate", certificate.place},
                  {"subject", certificate.subject},
                  {"expires", rfc3339(certificate.not_after)},
                  {"in", largest_unit_text(certificate.not_after - now)}});
  }
  if (certificates.empty()) return;
  // At the start, last_check_ has no day yet. What was logged before the first look counts as said
  // on that first day.
  if (daily && last_check_ != std::chrono::sys_days{}) said_.clear();
  last_check_ = today;
}

}  // namespace rolecall::serve

#include "serve/daily_warnings.h"

#include <algorithm>

#include "base/time.h"

namespace rolecall::serve {
namespace {

using std::chrono::seconds;

constexpr auto warn_before = std::chrono::days(30);
constexpr std::size_t max_logged_today = 100;

// If a certificate is valid for only a day, the last third of that day is soon. Otherwise, rolecall
// would warn during the whole day.
bool expires_soon(const CertificateStatus& certificate, std::chrono::sys_seconds now) {
  const seconds lifetime = certificate.not_after - certificate.not_before;
  return certificate.not_after - now < std::min<seconds>(warn_before, lifetime / 3);
}

}  // namespace

void DailyWarnings::warn(std::string_view text) {
  if (logged_today_.size() >= max_logged_today) logged_today_.clear();
  if (logged_today_.insert(std::string(text)).second) log_.warning(text, {{"binding", binding_}});
}

void DailyWarnings::check_certificates(const std::vector<CertificateStatus>& certificates,
                                       std::chrono::sys_seconds now,
                                       std::optional<std::chrono::sys_seconds> credentials_expire) {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const bool is_first_check_today = today != last_check_;
  for (const CertificateStatus& certificate : certificates) {
    // An agent replaces intermediates late.
    if (certificate.agent_renews && !certificate.position.starts_with("leaf")) continue;
    const bool expires_before_credentials = !certificate.agent_renews && credentials_expire &&
                                            certificate.not_after < *credentials_expire;
    if (!expires_before_credentials && !(is_first_check_today && expires_soon(certificate, now)))
      continue;
    log_.warning(expires_before_credentials ? "a certificate expires before the credentials"
                                            : "a certificate expires soon",
                 {{"binding", binding_},
                  {"certificate", certificate.position},
                  {"subject", certificate.subject},
                  {"expires", rfc3339(certificate.not_after)},
                  {"in", largest_unit_text(certificate.not_after - now)}});
  }
  if (certificates.empty()) return;
  // Before the first check, last_check_ is no day. Warnings from before that check count as
  // warnings of its day.
  if (is_first_check_today && last_check_ != std::chrono::sys_days{}) logged_today_.clear();
  last_check_ = today;
}

}  // namespace rolecall::serve

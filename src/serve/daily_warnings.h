// Logs the warnings about one binding, each at most once a day, because the program runs for
// months.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "serve/binding.h"
#include "serve/log.h"

namespace rolecall::serve {

class DailyWarnings {
 public:
  DailyWarnings(const Log& log, std::string binding) : log_(log), binding_(std::move(binding)) {}

  // Logs the warning unless it was already logged today.
  void warn(std::string_view text);

  // Warns once a day about certificates that expire soon. If `credentials_expire` is set (after
  // each renewal), also warns each time about certificates that expire before the new credentials.
  // If a SPIFFE agent renews the certificates, only a leaf that expires soon is a reason to warn.
  void check_certificates(
      const std::vector<CertificateStatus>& certificates, std::chrono::sys_seconds now,
      std::optional<std::chrono::sys_seconds> credentials_expire = std::nullopt);

 private:
  const Log& log_;
  std::string binding_;
  std::set<std::string> logged_today_;
  std::chrono::sys_days last_check_{};
};

}  // namespace rolecall::serve

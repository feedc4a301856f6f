// What a log says for months about one binding, and each thing only once a day.
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

  // Unless it was said today.
  void say(std::string_view text);

  // Certificates that expire soon; and after a renewal, each time, those that expire before the new
  // credentials do.
  void look_at(const std::vector<CertificateStatus>& certificates, std::chrono::sys_seconds now,
               std::optional<std::chrono::sys_seconds> credentials_expire = std::nullopt);

 private:
  const Log& log_;
  std::string binding_;
  std::set<std::string> said_;
  std::chrono::sys_days last_look_{};
};

}  // namespace rolecall::serve

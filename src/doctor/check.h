// The result of a check, and how a check makes its result from what it finds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rolecall/error.h"

namespace rolecall::doctor {

enum class Status { ok, skip, warn, fail };  // the worst is last

std::string_view status_name(Status status);  // "ok", "skip", "warn", "fail"

// Texts name options in backquotes, as those of Error do. They contain no secret.
struct Check {
  std::string id;  // "key"
  Status status = Status::ok;
  std::string detail;  // what was found; for `skip`, why nothing was checked
  std::string hint;    // for `warn` and `fail`: one thing to do
};

Check skipped(std::string id, std::string why);

// The worst status of the checks. A skipped check counts as ok, because another check says why.
Status worst_of(const std::vector<Check>& checks);

// What a check has found. The worst problem decides the status, comes first in the detail, and has
// the hint.
class Findings {
 public:
  void fact(std::string text) { facts_.push_back(std::move(text)); }
  void warn(std::string what, std::string hint);
  void fail(std::string what, std::string hint);
  void fail(const Error& error) { fail(error.what(), error.hint()); }
  // For a warning of the library, whose remedy is the last part of its sentence.
  void warn_with_remedy(std::string_view text);

  Check check(std::string id) const;

 private:
  struct Problem {
    std::string what;
    std::string hint;
  };
  std::vector<Problem> failures_;
  std::vector<Problem> warnings_;
  std::vector<std::string> facts_;
};

}  // namespace rolecall::doctor

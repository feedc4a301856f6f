#include "doctor/check.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace rolecall::doctor {

std::string_view status_name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::skip:
      return "skip";
    case Status::warn:
      return "warn";
    case Status::fail:
      break;
  }
  return "fail";
}

Check skipped(std::string id, std::string why) {
  return {std::move(id), Status::skip, std::move(why), {}};
}

Status worst_of(const std::vector<Check>& checks) {
  Status worst = Status::ok;
  for (const Check& check : checks)
    if (check.status != Status::skip) worst = std::max(worst, check.status);
  return worst;
}

void Findings::warn(std::string what, std::string hint) {
  warnings_.push_back({std::move(what), std::move(hint)});
}

void Findings::fail(std::string what, std::string hint) {
  failures_.push_back({std::move(what), std::move(hint)});
}

void Findings::warn_with_remedy(std::string_view text) {
  const std::size_t end = text.rfind("; ");
  if (end == std::string_view::npos) return warn(std::string(text), {});
  warn(std::string(text.substr(0, end)), std::string(text.substr(end + 2)));
}

Check Findings::check(std::string id) const {
  Check check{std::move(id), Status::ok, {}, {}};
  if (!warnings_.empty()) check.status = Status::warn;
  if (!failures_.empty()) check.status = Status::fail;
  std::vector<std::string> parts;
  for (const auto* problems : {&failures_, &warnings_}) {
    for (const Problem& problem : *problems) {
      parts.push_back(problem.what);
      if (check.hint.empty()) check.hint = problem.hint;
    }
  }
  if (check.status != Status::ok && check.hint.empty())
    check.hint = "the man page rolecall-doctor(1) explains this check";
  parts.insert(parts.end(), facts_.begin(), facts_.end());
  check.detail = join(parts, "; ");
  return check;
}

}  // namespace rolecall::doctor

#include "commands/doctor_report.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/codec.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "options/environment.h"
#include "terminal/origins.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using doctor::Check;
using doctor::Status;

constexpr std::size_t column_of_id = 6;
constexpr std::size_t column_of_detail = 19;

bool has_colours() {
  return isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR").empty() &&
         environment("TERM") != "dumb" && !environment("TERM").empty();
}

std::string status_text(Status status) {
  const std::string word(status == Status::fail ? "FAIL" : doctor::status_name(status));
  const std::string padding(column_of_id - word.size(), ' ');
  if (!has_colours()) return word + padding;
  static constexpr const char* colours[] = {"\x1b[32m", "\x1b[2m", "\x1b[33m", "\x1b[1;31m"};
  return cat(colours[static_cast<int>(status)], word, "\x1b[0m", padding);
}

std::string lines_of(const Check& check) {
  const std::size_t width = column_of_detail - column_of_id;
  std::string text = cat(status_text(check.status), check.id,
                         std::string(width - std::min(width, check.id.size()), ' '),
                         terminal_safe(check.detail), "\n");
  if (!check.hint.empty())
    text += cat(std::string(column_of_detail, ' '), "hint: ", terminal_safe(check.hint), "\n");
  return text;
}

json json_of(const std::vector<Check>& checks) {
  json list = json::array();
  for (const Check& check : checks) {
    list.push_back({{"id", check.id},
                    {"status", std::string(doctor::status_name(check.status))},
                    {"detail", check.detail},
                    {"hint", check.hint}});
  }
  return list;
}

std::string json_status(Status status) {
  return std::string(doctor::status_name(status));
}

}  // namespace

void DoctorReport::begin(const std::string& binding) {
  if (has_several_ && !is_json_) {
    write_all(STDOUT_FILENO,
              cat(parts_.empty() ? "" : "\n", "binding ", terminal_safe(binding), ":\n"),
              "standard output");
  }
  parts_.push_back({binding, {}});
}

void DoctorReport::add(Check check) {
  check.detail = with_flags(std::move(check.detail));
  if (check.status == Status::fail) check.detail += origins_in(check.detail);
  check.hint = with_flags(std::move(check.hint));
  if (!is_json_) write_all(STDOUT_FILENO, lines_of(check), "standard output");
  parts_.back().checks.push_back(std::move(check));
}

Status DoctorReport::finish() const {
  Status worst = Status::ok;
  for (const Part& part : parts_)
    worst = std::max(worst, doctor::worst_of(part.checks));
  if (!is_json_) return worst;
  json report = {{"status", json_status(worst)}};
  if (has_several_) {
    report["bindings"] = json::array();
    for (const Part& part : parts_) {
      report["bindings"].push_back({{"name", part.binding},
                                    {"status", json_status(doctor::worst_of(part.checks))},
                                    {"checks", json_of(part.checks)}});
    }
  } else {
    report["checks"] = json_of(parts_.front().checks);
  }
  write_all(STDOUT_FILENO, to_text(report) + "\n", "standard output");
  return worst;
}

}  // namespace rolecall::cli

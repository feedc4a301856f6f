// AWS's two INI files: what an edit sets can be read again, and every other byte stays.
#include <algorithm>

#include "aws_files/config_profile.h"
#include "aws_files/credentials_file.h"
#include "aws_files/ini_diff.h"
#include "aws_files/ini_lines.h"
#include "base/codec.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

using aws::IniChange;
using aws::IniLine;

constexpr std::string_view secret = "SECRETwJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLE";

const IniChange* change_of(const std::vector<IniChange>& changes, const IniLine& line) {
  const auto found = std::find_if(changes.begin(), changes.end(),
                                  [&](const IniChange& change) { return change.key == line.name; });
  return found == changes.end() ? nullptr : &*found;
}

using Lines = std::vector<std::string>;

// The lines, each with its end, without those of the first such section that hold one of the keys.
Lines without_keys(std::string_view text, std::string_view section,
                   const std::vector<IniChange>& changes) {
  const std::vector<IniLine> lines = aws::ini_lines(text);
  Lines rest = {std::string(text.substr(0, lines.empty() ? text.size() : lines.front().begin))};
  int sections = 0;
  bool inside = false;
  bool dropping = false;
  for (const IniLine& line : lines) {
    if (line.kind == IniLine::Kind::header) {
      inside = line.name == section && sections == 0;
      sections += line.name == section ? 1 : 0;
    }
    if (line.kind == IniLine::Kind::option)
      dropping = inside && change_of(changes, line) != nullptr;
    const bool part =
        line.kind == IniLine::Kind::option || line.kind == IniLine::Kind::continuation;
    if (!(dropping && part)) rest.emplace_back(text.substr(line.begin, line.next - line.begin));
  }
  return rest;
}

bool ends_line(const std::string& text) {
  return text.ends_with('\n') || text.ends_with('\r');
}

// A line is the same one if it has gained an end, at the end of the file, or an LF behind its CR:
// an empty line below would have become a part of that end.
bool same_line(const std::string& before, const std::string& after, bool is_last) {
  if (before == after) return true;
  if (before.ends_with('\r')) return after == before + "\n";
  return is_last && !ends_line(before) && after.starts_with(before) &&
         trim(after.substr(before.size())).empty();
}

// A new section has an empty line before it, unless there is one.
bool same_rest(const Lines& before, const Lines& after, std::string_view section) {
  if (after.size() < before.size()) return false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!same_line(before[i], after[i], i + 1 == before.size())) return false;
  }
  const std::size_t added = after.size() - before.size();
  if (added == 0) return true;
  const bool is_header = trim(after.back()) == "[" + std::string(section) + "]";
  return is_header && (added == 1 || (added == 2 && trim(after[before.size()]).empty()));
}

void check_values(std::string_view text, std::string_view section,
                  const std::vector<IniChange>& changes) {
  bool inside = false;
  bool done = false;
  std::size_t found = 0;
  for (const IniLine& line : aws::ini_lines(text)) {
    if (line.kind == IniLine::Kind::header) {
      done = done || inside;
      inside = !done && line.name == section;
    }
    if (!inside || line.kind != IniLine::Kind::option) continue;
    const IniChange* change = change_of(changes, line);
    if (change == nullptr) continue;
    require(change->value.has_value(), "a key that was to go is gone");
    require(text.substr(line.value, line.end - line.value) == *change->value,
            "a value reads as it was set");
    ++found;
  }
  const auto set = std::count_if(changes.begin(), changes.end(),
                                 [](const IniChange& change) { return change.value.has_value(); });
  require(found >= static_cast<std::size_t>(set), "every key that was to be set is there");
}

void check_edit(std::string_view file, const std::string& section,
                const std::vector<IniChange>& changes) {
  const aws::EditedFile edited = aws::edit_section("file", file, section, changes);
  const std::string_view after = edited.bytes.view();
  require(same_rest(without_keys(file, section, changes), without_keys(after, section, changes),
                    section),
          "every other byte stays");
  check_values(after, section, changes);
  require(aws::edit_section("file", after, section, changes).bytes.view() == after,
          "the same edit once more changes nothing");
  require(aws::ini_diff("file", file, after).find(secret) == std::string::npos,
          "a diff shows no secret that is set");
}

void check_credentials(std::string_view file, const std::string& profile) {
  refuses([&] {
    check_edit(file, profile,
               {{"aws_access_key_id", "ASIAEXAMPLE"},
                {"aws_secret_access_key", secret},
                {"aws_session_token", "token+token/token=="}});
  });
}

void check_config(std::string_view file, const std::string& profile) {
  refuses([&] {
    std::vector<IniChange> changes = aws::without_static_keys();
    changes.push_back({"credential_process", "rolecall credential-process --binding \"a b\""});
    check_edit(file, aws::config_section("file", file, profile), changes);
  });
  aws::settings_that_precede({profile, "config", file, "credentials", file});
  aws::credential_settings({profile, "config", file, "credentials", file});
}

void run(std::string_view input) {
  for (const char* profile : {"default", "app"}) {
    check_credentials(input, profile);
    check_config(input, profile);
  }
}

std::vector<std::string> seeds() {
  return {
      "[default]\naws_access_key_id = AKIA\naws_secret_access_key=x\n\n[app]\nregion = eu-west-1\n",
      "[profile app]\r\ncredential_process = old\r\n  --more\r\ns3 =\r\n  x = y\r\n",
      "\xEF\xBB\xBF[app] # comment\n\taws_session_token : a\n\taws_session_token : b\n",
      "[profile \"app\"]\nsource_profile = default\n; c\n[default]\rrole_arn=x\r\r\n",
      "no section\n[app\n = x\n[app]\n[app]",
      "[default]\r\n\n",
      "[default]\r\naws_session_token =  "};
}

const Registration target({"aws_files", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

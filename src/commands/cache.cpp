// rolecall cache: lists or clears the cached credentials.
#include <unistd.h>

#include <optional>
#include <sstream>

#include "base/codec.h"
#include "base/files.h"
#include "base/time.h"
#include "cache/cache.h"
#include "commands/all_commands.h"
#include "commands/obtain.h"
#include "terminal/table.h"

namespace rolecall::cli {
namespace {

// The value of the line "name=value" in the key of a cache entry. For a file, the value ends before
// the file's stamp.
std::string part_of_key(const std::string& key, const std::string& name) {
  std::istringstream lines(key);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name + "=")) continue;
    std::string value = line.substr(name.size() + 1);
    if (name == "certificate") value = value.substr(0, value.rfind(' '));
    return terminal_safe(value);
  }
  return "-";
}

using Rows = std::vector<std::vector<std::string>>;

void add_entries(Rows& rows, const aws::Cache& cache) {
  for (const aws::CacheEntry& entry : cache.entries()) {
    const auto end = entry.credentials.expiration;
    rows.push_back({rfc3339(end) + " (" + largest_unit_text(end - wall_clock()) + ")",
                    part_of_key(entry.key, "role"), part_of_key(entry.key, "certificate")});
  }
}

void run_cache(const Settings& /*settings*/, const CommandLine& line) {
  const std::string& what = line.operand;
  if (what != "list" && what != "clear") {
    throw Error(ErrorKind::usage,
                what.empty() ? "missing: list or clear" : "cache takes list or clear, not " + what,
                "rolecall cache --help explains both");
  }
  const std::vector<std::string> directories = cache_directories();
  if (directories.empty()) {
    throw Error(ErrorKind::usage, "there is no cache directory",
                "set XDG_RUNTIME_DIR, XDG_CACHE_HOME or HOME to a directory of this user");
  }
  Rows rows = {{"EXPIRES", "ROLE", "CERTIFICATE"}};
  std::optional<Error> first_error;
  for (const std::string& directory : directories) {
    try {
      const aws::Cache cache(directory, aws::Cache::IfMissing::leave);
      if (what == "list") add_entries(rows, cache);
      if (what == "clear") cache.clear();
    } catch (const Error& error) {
      if (!first_error) first_error = error;
    }
  }
  if (first_error) throw Error(*first_error);
  if (rows.size() > 1) write_all(STDOUT_FILENO, table(rows), "standard output");
}

}  // namespace

constinit const Command cache_command = {
    .name = "cache",
    .summary = "List or clear the cached credentials",
    .description =
        "With --cache, rolecall keeps credentials in files and uses them again while they are "
        "valid. The files are in $XDG_RUNTIME_DIR/rolecall, otherwise in "
        "$XDG_CACHE_HOME/rolecall, otherwise in ~/.cache/rolecall. This command uses all "
        "three directories.",
    .footer =
        "Examples:\n"
        "  rolecall exec --binding billing --cache -- aws s3 ls\n"
        "  rolecall cache list\n"
        "  rolecall cache clear",
    .run = run_cache,
    .usage = "list|clear",
    .operand = "list|clear",
    .operand_help =
        "\"list\" prints the expiry, the role and the certificate of each entry, and no "
        "secret. \"clear\" removes all entries, so that the next run gets new "
        "credentials.",
    .settings_scope = SettingsScope::none,
};

}  // namespace rolecall::cli

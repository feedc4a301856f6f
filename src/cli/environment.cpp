#include "cli/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace rolecall::cli {
namespace {

std::set<std::string, std::less<>> own_variables;

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool names_own_directory(const char* variable) {
  const std::string directory = environment(variable);
  struct stat info {};
  return directory.starts_with('/') && stat(directory.c_str(), &info) == 0 &&
         S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

bool names_own_place(const char* variable) {
  std::string directory = environment(variable);
  if (!directory.starts_with('/')) return false;
  struct stat info {};
  while (directory.size() > 1 && stat(directory.c_str(), &info) != 0)
    directory.resize(std::max<std::size_t>(directory.rfind('/'), 1));
  return stat(directory.c_str(), &info) == 0 && info.st_uid == geteuid();
}

std::string user_runtime_directory() {
  return names_own_directory("XDG_RUNTIME_DIR") ? environment("XDG_RUNTIME_DIR") : std::string();
}

void set_for_us_alone(const char* name, const char* value) {
  if (std::getenv(name) != nullptr) return;
  setenv(name, value, 1);
  own_variables.insert(name);
}

bool is_for_us_alone(std::string_view name) {
  return own_variables.contains(name);
}

std::optional<Secret> take_secret_variable(const std::string& name) {
  static std::map<std::string, Secret> taken;
  if (char* value = std::getenv(name.c_str()); value != nullptr) {
    const std::string_view text(value);
    taken[name] = Secret(text);
    wipe(value, text.size());
    unsetenv(name.c_str());
  }
  const auto found = taken.find(name);
  return found == taken.end() ? std::nullopt : std::optional<Secret>(found->second.copy());
}

}  // namespace rolecall::cli

#include "options/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/user.h"

namespace rolecall::cli {
namespace {

std::set<std::string, std::less<>> own_variables;
std::string key_log;

// The program that started this one may have set several variables of one name. getenv(3) finds
// only the first of them, so this wipes all.
void wipe_variable(const std::string& name) {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (!text.starts_with(name) || text.substr(name.size(), 1) != "=") continue;
    wipe(*variable + name.size() + 1, text.size() - name.size() - 1);
  }
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string home_directory() {
  std::string home = environment("HOME");
  // Looking up the user may query a server on the network, so do it only if HOME is not set.
  return home.empty() ? home_of_user() : home;
}

bool names_own_directory(const char* variable) {
  const std::string directory = environment(variable);
  struct stat info {};
  return directory.starts_with('/') && stat(directory.c_str(), &info) == 0 &&
         S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

bool names_own_path(const char* variable) {
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

void set_for_this_process_only(const char* name, const char* value) {
  if (std::getenv(name) != nullptr) return;
  setenv(name, value, 1);
  own_variables.insert(name);
}

bool is_for_this_process_only(std::string_view name) {
  return own_variables.contains(name);
}

void remove_key_log_variable() {
  key_log = environment("SSLKEYLOGFILE");
  unsetenv("SSLKEYLOGFILE");
}

const std::string& key_log_for_commands() {
  return key_log;
}

std::shared_ptr<const Secret> take_secret_variable(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const Secret>> taken;
  if (char* value = std::getenv(name.c_str()); value != nullptr) {
    taken[name] = std::make_shared<const Secret>(value);
    wipe_variable(name);
    unsetenv(name.c_str());
  }
  const auto found = taken.find(name);
  return found == taken.end() ? nullptr : found->second;
}

std::vector<std::string> own_variable_names() {
  std::set<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (text.starts_with("ROLECALL_")) names.emplace(text.substr(0, text.find('=')));
  }
  return {names.begin(), names.end()};
}

}  // namespace rolecall::cli

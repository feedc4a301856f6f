#include "cli/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

namespace rolecall::cli {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string user_runtime_directory() {
  const std::string directory = environment("XDG_RUNTIME_DIR");
  struct stat info {};
  const bool ours = directory.starts_with('/') && stat(directory.c_str(), &info) == 0 &&
                    S_ISDIR(info.st_mode) && info.st_uid == geteuid();
  return ours ? directory : std::string();
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

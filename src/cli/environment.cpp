#include "cli/environment.h"

#include <cstdlib>
#include <map>

namespace rolecall::cli {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
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

#include "cli/environment.h"

#include <cstdlib>

namespace rolecall::cli {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace rolecall::cli

// The fallbacks of the chosen binding, with their options.
#pragma once

#include <string>
#include <vector>

#include "options/session_flags.h"

namespace rolecall::cli {

struct Fallback {
  std::string name;
  SessionFlags flags;
};

// The fallbacks of the binding that `settings` are made from, in the order in which they are asked.
// Options of the command line and of variables apply to them too. Throws Error (usage) if one of
// them could not be asked. So a mistake is found before the fallback is needed.
std::vector<Fallback> fallbacks(const Settings& settings);

}  // namespace rolecall::cli

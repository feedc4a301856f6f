// The options of a binding, for commands that run for a long time.
#pragma once

#include <string>

#include "options/settings.h"
#include "serve/binding.h"

namespace rolecall::cli {

// The options of a binding: those of session_flags, and its fallbacks. A password that the user
// typed at the start is not asked for again. Throws Error (usage).
serve::BindingOptions binding_options(const Settings& settings, std::string name);

}  // namespace rolecall::cli

// What a long run asks a person for only once, at its start.
#pragma once

#include <string>

#include "options/settings.h"
#include "serve/binding.h"

namespace rolecall::cli {

// What a binding asks for, and how: session_flags, and a password that a person typed at the start
// is not asked for again.
serve::BindingOptions binding_options(const Settings& settings, std::string name);

}  // namespace rolecall::cli

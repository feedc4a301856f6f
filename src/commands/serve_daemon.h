// serve as a process, from its start to its exit.
#pragma once

#include <vector>

#include "options/settings.h"
#include "serve/binding.h"

namespace rolecall::cli {

// Listens, gets the first credentials of all bindings, and answers clients until SIGTERM or SIGINT.
// Throws Error.
void run_serve_daemon(const Settings& settings, std::vector<serve::BindingOptions> bindings);

}  // namespace rolecall::cli

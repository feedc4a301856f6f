// serve as a process, from its start to its exit.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "options/settings.h"
#include "serve/binding.h"

namespace rolecall::cli {

struct ServedBinding {
  serve::BindingOptions options;
  std::function<void(std::chrono::sys_seconds)> on_renew;  // see RenewalRules; may be empty
};

// Listens, gets the first credentials of all bindings, and answers clients until SIGTERM or SIGINT.
// Throws Error.
void run_serve_daemon(const Settings& settings, std::vector<ServedBinding> bindings);

}  // namespace rolecall::cli

// The command that serve and update run after each renewal.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "options/settings.h"

namespace rolecall::cli {

// The function for RenewalRules::on_renew, for a command with on_renew_option. Empty if --on-renew
// is not set. The function runs the command, and waits for at most a minute until it ends.
// `binding` and the expiry are in the command's environment. The environment is otherwise that of
// exec, without credentials. The function may be called in any thread; it throws Error if the
// command fails.
std::function<void(std::chrono::sys_seconds expiration)> command_on_renew(
    const Settings& settings, const std::string& binding);

}  // namespace rolecall::cli

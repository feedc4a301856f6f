// The sandbox of the commands that run for a long time: what they need, by their options.
#pragma once

#include <string>
#include <vector>

#include "options/settings.h"
#include "sandbox/sandbox.h"

namespace rolecall::cli {

// Enters the sandbox, unless --no-sandbox is on. Call this when the identities are loaded: only
// then it is known whether a key file is a key of a TPM. `written` are the files and directories
// that the command itself writes. The files that the options of all its bindings name are read.
// `signals_child`: see sandbox::Needs.
void enter_sandbox(const Settings& settings, std::vector<std::string> written,
                   sandbox::Threads threads = sandbox::Threads::only_this,
                   bool signals_child = false);

}  // namespace rolecall::cli

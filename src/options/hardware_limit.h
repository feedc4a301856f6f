// How long a command waits for tokens and TPMs if their drivers hang.
#pragma once

#include <chrono>

#include "options/settings.h"
#include "rolecall/error.h"

namespace rolecall::cli {

// Call this before the process has other threads: it sets a variable for the TPM's library. If all
// calls together take longer than `limit`, prints an error and exits with `code`. Exiting at
// once is safe: the thread that hangs in the driver cannot be stopped, and it has nothing to clean
// up.
void exit_if_hardware_hangs(std::chrono::milliseconds limit,
                            int code = static_cast<int>(ErrorKind::try_later));

// The same with --timeout (without that option: 30 seconds) and the exit code of the command's own
// failures. A command calls this once, before it uses an identity.
void exit_if_hardware_hangs(const Settings& settings);

}  // namespace rolecall::cli

// How long a command waits for tokens and TPMs if their drivers hang.
#pragma once

#include <chrono>

#include "rolecall/error.h"

namespace rolecall::cli {

// If all calls together take longer than `limit`, prints an error and exits with `code`. Exiting at
// once is safe: the thread that hangs in the driver cannot be stopped, and it has nothing to clean
// up.
void exit_if_hardware_hangs(std::chrono::milliseconds limit,
                            int code = static_cast<int>(ErrorKind::try_later));

}  // namespace rolecall::cli

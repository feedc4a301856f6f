// How long a command waits for tokens and TPMs whose drivers do not return.
#pragma once

#include <chrono>

#include "rolecall/error.h"

namespace rolecall::cli {

// Once all calls together have taken longer, the program ends with an error and this exit code:
// the thread that waits cannot be made to go on, and holds nothing that must be put in order.
void end_where_hardware_is_silent(std::chrono::milliseconds limit,
                                  int code = static_cast<int>(ErrorKind::try_later));

}  // namespace rolecall::cli

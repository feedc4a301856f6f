// The environment of the program.
#pragma once

#include <optional>
#include <string>

#include "rolecall/secret.h"

namespace rolecall::cli {

// Empty where it is not set: programs take an empty variable as none.
std::string environment(const char* name);

// XDG_RUNTIME_DIR where it is a directory of this user (XDG Base Directory Specification), else
// empty: `su` leaves another user's there, and containers one that is not there.
std::string user_runtime_directory();

// The value of a variable that holds a secret, once or many times: it is overwritten where the
// kernel shows it as /proc/PID/environ, and no command that is run inherits it. Nothing where it is
// not set.
std::optional<Secret> take_secret_variable(const std::string& name);

}  // namespace rolecall::cli

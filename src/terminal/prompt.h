// The terminal of whoever started the program.
#pragma once

#include <optional>
#include <string>

#include "rolecall/secret.h"

namespace rolecall {

// Shows `prompt` on /dev/tty and reads one line from there with echo off; standard input, output
// and error are not touched. Nothing where the process has no terminal. The terminal is as before
// at every way out: a signal that ends or stops the program is acted upon once echo is on again.
// Throws Error (failed) at the end of input, where it is interrupted, and where the process runs in
// the background and cannot come forward.
std::optional<Secret> ask_on_terminal(const std::string& prompt);

}  // namespace rolecall

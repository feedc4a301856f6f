// Asks for passwords on the terminal.
#pragma once

#include <optional>
#include <string>

#include "rolecall/secret.h"

namespace rolecall::cli {

// Shows `prompt` on /dev/tty and reads one line from there with echo off. Standard input, output
// and error are not touched. Returns nothing if the process has no terminal. Always restores the
// terminal: a signal that ends or stops the program takes effect only after echo is on again.
// Throws Error (failed) at the end of input, if a signal interrupts the prompt, and if the process
// is in the background and cannot come to the foreground.
std::optional<Secret> ask_on_terminal(const std::string& prompt);

}  // namespace rolecall::cli

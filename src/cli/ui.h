// All that a person reads on stderr goes through here.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/error.h"
#include "rolecall/reporter.h"

namespace rolecall::cli {

// "rolecall: error: <what>" and, where there is one, "hint: <what to do>".
void print_error(const Error& error);

// Warnings always; steps with the milliseconds since the program's start where `debug` is set.
Reporter stderr_reporter(bool debug);

// A sentence of CLI11 as our messages are: in lower case, without a full stop.
std::string in_our_form(std::string text);

}  // namespace rolecall::cli

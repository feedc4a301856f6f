// The text of --help.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "options/command.h"

namespace rolecall::cli {

// The longest allowed line of the help, in columns: from COLUMNS, otherwise from the terminal on
// standard output.
std::size_t help_width();

std::string overview(std::size_t width);                           // of the program
std::string help_text(const Command& command, std::size_t width);  // of one command

// What the help says about an option, in one line.
std::string explanation(const Option& option);

}  // namespace rolecall::cli

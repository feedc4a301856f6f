// What --help prints.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "options/command.h"

namespace rolecall::cli {

// How long its lines may be: for COLUMNS if that is set, or else for a terminal on standard output.
std::size_t help_width();

std::string overview(std::size_t width);                           // of the program
std::string help_text(const Command& command, std::size_t width);  // of one command

// What it says about an option, in one line.
std::string explanation(const Option& option);

}  // namespace rolecall::cli

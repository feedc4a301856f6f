// What --help prints.
#pragma once

#include <string>

#include "cli/command.h"

namespace rolecall::cli {

std::string overview();                         // of the program
std::string help_text(const Command& command);  // of one command

}  // namespace rolecall::cli

// From the words of a command line to options with values.
#pragma once

#include <string>
#include <vector>

#include "options/command.h"

namespace rolecall::cli {

// `arguments`: what follows the command's name. If an option is given twice, the last one counts,
// as in the official helper. Throws Error (usage) in words that say what was most likely meant, and
// that never show what may be (a part of) a secret.
CommandLine read_command_line(const Command& command, std::vector<std::string> arguments);

// Throws Error (usage) if a value that is an ARN, a region or a URL has blanks, line ends or quotes
// around it, or a path that leads nowhere has them: some tool took them for a part of it.
void check_ends(const Option& option, const std::string& value);

}  // namespace rolecall::cli

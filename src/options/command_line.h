// Parses a command line into options with values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options/command.h"

namespace rolecall::cli {

// `arguments` are those after the command's name. If an option is given twice, the last value
// counts, as in the official helper. Throws Error (usage). The message says what was most likely
// meant, and never shows anything that may be a secret or part of one.
CommandLine read_command_line(const Command& command, std::vector<std::string_view> arguments);

// Throws Error (usage) if the value has spaces, line ends or quotes at its beginning or end that
// are there by mistake. Checked are ARNs, regions and URLs, and also paths, unless the
// file exists or the value is a PKCS#11 URI.
void check_stray_characters(const Option& option, const std::string& value);

}  // namespace rolecall::cli

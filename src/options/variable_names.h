// The names of the environment variables that set options.
#pragma once

#include <string>
#include <string_view>

#include "options/command.h"

namespace rolecall::cli {

// The environment variable for this option, such as ROLECALL_ROLE_ARN for --role-arn.
std::string variable_name(const Command& command, std::string_view option);

// The reverse: "role-arn" for ROLECALL_ROLE_ARN. Empty if the variable belongs to no option.
std::string option_of_variable(const Command& command, std::string_view variable);

}  // namespace rolecall::cli

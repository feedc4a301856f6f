// The names of the environment variables that set options.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "options/command.h"

namespace rolecall::cli {

// The variables that the command of --on-renew gets. rolecall itself does not read them.
inline constexpr std::string_view renewed_binding_variable = "ROLECALL_RENEWED_BINDING";
inline constexpr std::string_view renewed_expiration_variable = "ROLECALL_RENEWED_EXPIRATION";
inline constexpr std::array variables_for_commands = {renewed_binding_variable,
                                                      renewed_expiration_variable};

// The environment variable for this option, such as ROLECALL_ROLE_ARN for --role-arn.
std::string variable_name(const Command& command, std::string_view option);

// The reverse: "role-arn" for ROLECALL_ROLE_ARN. Empty if the variable belongs to no option.
std::string option_of_variable(const Command& command, std::string_view variable);

}  // namespace rolecall::cli

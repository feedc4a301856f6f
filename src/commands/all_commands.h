// The table of commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options/command.h"

namespace rolecall::cli {

Commands all_commands();
const Command* find_command(std::string_view name);  // nullptr: no command has this name
std::vector<std::string> command_names();

// Whether any command has an option with this name.
bool is_option_name(std::string_view name);

// Each command is in a file of its own: bindings.cpp, cache.cpp and so on.
extern const Command bindings_command;
extern const Command cache_command;
extern const Command configure_command;
extern const Command credential_process_command;
extern const Command doctor_command;
extern const Command emulate_command;
extern const Command env_command;
extern const Command exec_command;
extern const Command export_command;
extern const Command health_command;
extern const Command policy_command;
extern const Command read_certificate_data_command;
extern const Command serve_command;
extern const Command sign_string_command;
extern const Command update_command;
extern const Command version_command;

}  // namespace rolecall::cli

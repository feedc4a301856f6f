#include "commands/all_commands.h"

#include <algorithm>
#include <array>

namespace rolecall::cli {
namespace {

constexpr std::array<const Command*, 16> commands = {
    &bindings_command, &cache_command,       &configure_command, &credential_process_command,
    &doctor_command,   &emulate_command,     &env_command,       &exec_command,
    &export_command,   &health_command,      &policy_command,    &read_certificate_data_command,
    &serve_command,    &sign_string_command, &update_command,    &version_command};

}  // namespace

Commands all_commands() {
  return commands;
}

const Command* find_command(std::string_view name) {
  const auto* found = std::find_if(commands.begin(), commands.end(),
                                   [name](const Command* one) { return one->name == name; });
  return found == commands.end() ? nullptr : *found;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const Command* command : commands)
    names.emplace_back(command->name);
  return names;
}

bool is_option_name(std::string_view name) {
  return std::any_of(commands.begin(), commands.end(), [name](const Command* command) {
    return find_option(*command, name) != nullptr;
  });
}

}  // namespace rolecall::cli

#include "cli/command.h"

#include <algorithm>

#include "base/text.h"

namespace rolecall::cli {
namespace {

constexpr std::array<const Command*, 13> commands = {&bindings_command,
                                                     &cache_command,
                                                     &configure_command,
                                                     &credential_process_command,
                                                     &emulate_command,
                                                     &env_command,
                                                     &exec_command,
                                                     &export_command,
                                                     &read_certificate_data_command,
                                                     &serve_command,
                                                     &sign_string_command,
                                                     &update_command,
                                                     &version_command};

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

std::string full_name(const Command& command) {
  return cat("rolecall ", command.name);
}

const Option* find_option(const Command& command, std::string_view name) {
  for (const Options options : command.options)
    if (const Option* option = find_option(options, name)) return option;
  return nullptr;
}

bool is_option_name(std::string_view name) {
  return std::any_of(commands.begin(), commands.end(), [name](const Command* command) {
    return find_option(*command, name) != nullptr;
  });
}

std::vector<const Option*> all_options(const Command& command) {
  std::vector<const Option*> all;
  for (const Options options : command.options) {
    for (const Option& option : options)
      if (option.kind != Kind::unused) all.push_back(&option);
  }
  return all;
}

const CommandLine::Given* CommandLine::find(std::string_view name) const {
  const auto found = std::find_if(given.begin(), given.end(),
                                  [name](const Given& one) { return one.option->name == name; });
  return found == given.end() ? nullptr : &*found;
}

}  // namespace rolecall::cli

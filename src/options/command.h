// A command is a row of data that describes it completely. Readers of a row, such as --help and
// completion, need not run the command.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options/option.h"
#include "rolecall/secret.h"

namespace rolecall::cli {

class Settings;

// The arguments of a command, sorted into options, operand and command to run.
struct CommandLine {
  struct OptionValues {
    const Option* option;
    // Unless the option is repeatable, the last value counts. Empty for Kind::secret.
    std::vector<std::string> values;
    std::shared_ptr<const Secret> secret = {};  // the value of an option of Kind::secret
  };
  std::vector<OptionValues> options;
  std::string operand;
  std::vector<std::string> command_to_run;  // the arguments after "--"
  bool asks_for_help = false;

  // The values of an option. Null: the command line does not set it.
  const OptionValues* find(std::string_view name) const;
};

// Which part of the configuration file and which variables can set the options of a command.
enum class SettingsScope {
  shared,  // its own table, the top of the file and the tables of bindings
  own,     // only its own table, and variables with the command's name in their names
  none,    // neither the file nor variables
};

struct Command {
  std::string_view name;
  std::string_view summary;  // for `rolecall --help`, without a full stop
  // The beginning and the end of the command's --help. Indented lines, such as examples, stay as
  // they are. All other lines are wrapped.
  std::string_view description = {};
  std::string_view footer = {};
  std::array<Options, 5> options = {};
  // Does the work of the command. Throws Error.
  void (*run)(const Settings& settings, const CommandLine& line) = nullptr;
  std::string_view usage = "[OPTIONS]";
  // what --help calls the operand: "WHAT". Empty: the command has none
  std::string_view operand = {};
  std::string_view operand_help = {};
  bool needs_command_to_run = false;  // it follows "--"
  SettingsScope settings_scope = SettingsScope::shared;
  // If set, this command lists the bindings: how that command would use each of them, and what is
  // wrong with each.
  const Command* lists_bindings_of = nullptr;
  int failure_exit_code = 0;  // if this command fails. 0: the exit code of the error's kind
  // Changes the arguments before they are parsed.
  std::vector<std::string> (*rewrite)(std::vector<std::string> arguments) = nullptr;
};

// The option with this name. Null: the command has no such option.
const Option* find_option(const Command& command, std::string_view name);

// Whether bindings in the configuration file can set options of the command.
bool takes_bindings(const Command& command);

// All options except those of Kind::unused, in the order of --help.
std::vector<const Option*> all_options(const Command& command);

std::string full_name(const Command& command);  // "rolecall serve"

using Commands = std::span<const Command* const>;

}  // namespace rolecall::cli

// A command of the program is a row that says all about it. Nothing has to run to read it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/option.h"

namespace rolecall::cli {

class Settings;

// The words of a command line, sorted.
struct CommandLine {
  struct Given {
    const Option* option;
    std::vector<std::string> texts;  // all; unless the option is repeatable, the last one counts
  };
  std::vector<Given> given;
  std::string operand;
  std::vector<std::string> command;  // what follows "--"
  bool asks_for_help = false;

  const Given* find(std::string_view name) const;
};

// Of the configuration file and the environment.
enum class Names {
  shared,  // the file's top and the tables of bindings too
  own,     // its own table only, and variables with its name in theirs
  none,    // it reads neither
};

struct Command {
  std::string_view name;
  std::string_view summary;  // for `rolecall --help`, without a full stop
  // The beginning and the end of its own --help. Examples are indented, and all other lines are
  // wrapped.
  std::string_view description = {};
  std::string_view footer = {};
  std::array<Options, 5> options = {};
  // Does the work. Throws Error.
  void (*run)(const Settings& settings, const CommandLine& line) = nullptr;
  std::string_view usage = "[OPTIONS]";
  std::string_view operand = {};  // what it takes besides options, if anything: "WHAT"
  std::string_view operand_help = {};
  bool takes_command = false;  // behind "--"
  Names names = Names::shared;
  bool lists_bindings = false;  // and shows what is wrong with each
  int failure = 0;              // exit code of its own failures; 0: that of the error's kind
  // Changes arguments before they are read.
  std::vector<std::string> (*rewrite)(std::vector<std::string> arguments) = nullptr;
};

// The one with this name; null: there is none.
const Option* find_option(const Command& command, std::string_view name);

// Whether any command has such an option.
bool is_option_name(std::string_view name);

// All that have an effect, in the order of --help.
std::vector<const Option*> all_options(const Command& command);

std::string full_name(const Command& command);  // "rolecall serve"

using Commands = std::span<const Command* const>;
Commands all_commands();
const Command* find_command(std::string_view name);
std::vector<std::string> command_names();

// bindings.cpp, cache.cpp, …: one file a command.
extern const Command bindings_command;
extern const Command cache_command;
extern const Command configure_command;
extern const Command credential_process_command;
extern const Command emulate_command;
extern const Command env_command;
extern const Command exec_command;
extern const Command export_command;
extern const Command read_certificate_data_command;
extern const Command serve_command;
extern const Command sign_string_command;
extern const Command update_command;
extern const Command version_command;

}  // namespace rolecall::cli

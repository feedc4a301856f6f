// A command of the program is a row that says all about it. Nothing has to run to read it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options/option.h"

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
  // It lists the bindings as this command would use them, and what is wrong with each.
  const Command* lists_bindings_of = nullptr;
  int failure = 0;  // exit code of its own failures; 0: that of the error's kind
  // Changes arguments before they are read.
  std::vector<std::string> (*rewrite)(std::vector<std::string> arguments) = nullptr;
};

// The one with this name; null: there is none.
const Option* find_option(const Command& command, std::string_view name);

// All that have an effect, in the order of --help.
std::vector<const Option*> all_options(const Command& command);

std::string full_name(const Command& command);  // "rolecall serve"

using Commands = std::span<const Command* const>;

}  // namespace rolecall::cli

// The values of a command's options: of the command line, else of the environment, else of the
// configuration file.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "options/command.h"
#include "options/config_file.h"
#include "rolecall/error.h"
#include "rolecall/reporter.h"

namespace rolecall::cli {

class Settings {
 public:
  // An option that the command line leaves open gets the value of its environment variable, else
  // that of the file: of the table of `binding` (empty: none), of the command's table, of what
  // stands before all tables, in this order. The variable of --role-arn is ROLECALL_ROLE_ARN, and
  // AWS_CA_BUNDLE and the like also count. Relative paths of the file start at its directory.
  // Throws Error (usage) for a value that its option does not take, with the value's place.
  Settings(const Command& command, const CommandLine& line, std::shared_ptr<const ConfigFile> file,
           const std::string& binding);
  // It refers to the command line.
  Settings(const Command& command, CommandLine&& line, std::shared_ptr<const ConfigFile> file,
           const std::string& binding) = delete;

  // An empty value is one, too: it hides that of the environment and the file.
  bool has(std::string_view option) const { return values_.contains(option); }
  bool is_filled(std::string_view option) const { return !text(option).empty(); }
  // The last one; the option's fallback if there is none; else empty.
  std::string text(std::string_view option) const;
  bool is_on(std::string_view option) const;
  long number(std::string_view option) const;
  std::chrono::milliseconds seconds(std::string_view option) const;
  std::vector<std::string> all(std::string_view option) const;

  const Command& command() const { return command_; }
  const ConfigFile& file() const { return *file_; }
  std::shared_ptr<const ConfigFile> shared_file() const { return file_; }
  // What --binding says, else ROLECALL_BINDING: one name, or several if the command takes several.
  const std::vector<std::string>& bindings() const { return bindings_; }
  // Of rolecall, from which values came.
  std::vector<std::string> own_variables() const;
  // The same command line with the values of another binding.
  Settings of_binding(const std::string& name) const { return {command_, line_, file_, name}; }

  // Follows --debug.
  Reporter reporter() const;
  // "--NAME=VALUE (PLACE)" for each option with a value, a line each; no secrets.
  std::string trace() const;
  // That these flags ("--role-arn, --profile-arn") have no value. Says which binding was searched,
  // and where it is; or which bindings there are, or which file cannot be read.
  Error missing(const std::string& flags) const;

 private:
  struct Value {
    const Option* option;
    std::vector<std::string> texts;
    std::string place;
    std::string variable = {};  // where it came from, if it did
  };

  void take_command_line();
  void take_environment();
  void take_table(const std::string& table);
  bool is_open(const Option& option) const;
  void set(Value value, const std::string& remark);
  const Option& option_of(std::string_view name) const;

  const Command& command_;
  const CommandLine& line_;
  std::shared_ptr<const ConfigFile> file_;
  std::vector<std::string> bindings_;
  std::map<std::string_view, Value> values_;
};

// Reads the configuration file, applies it as above, and warns of passwords that others can read
// and of variables that mean nothing. `commands`: what names in the file and in variables can mean.
Settings read_settings(const Command& command, const CommandLine& line, Commands commands);

// Whether bindings of the configuration file have values for its options.
bool takes_bindings(const Command& command);

// The environment variable for this option.
std::string variable_name(const Command& command, std::string_view option);

// The other way round: "role-arn" for ROLECALL_ROLE_ARN; empty if it cannot be one of them.
std::string option_of_variable(const Command& command, std::string_view variable);

}  // namespace rolecall::cli

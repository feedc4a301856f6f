// The values of a command's options: from the command line, otherwise from the environment,
// otherwise from the configuration file.
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

// The user named a binding or a profile that does not exist.
struct UnknownName : Error {
  using Error::Error;
};

class Settings {
 public:
  // If the command line does not set an option, its environment variable does, otherwise the file.
  // In the file, the table of `binding` takes precedence (if `binding` is not empty), then the
  // command's table, then the lines before the first table. The variable of --role-arn is
  // ROLECALL_ROLE_ARN. AWS's own variables, such as AWS_CA_BUNDLE, also count. Relative paths in
  // the file start at its directory. Throws Error (usage) if an option does not accept its value.
  // The error says where the value is set. Throws UnknownName (usage) if there is no such binding.
  Settings(const Command& command, const CommandLine& line, std::shared_ptr<const ConfigFile> file,
           const std::string& binding);
  // Deleted, because Settings keeps a reference to the command line.
  Settings(const Command& command, CommandLine&& line, std::shared_ptr<const ConfigFile> file,
           const std::string& binding) = delete;

  // An option that is set to an empty value counts as set: it hides the values of the environment
  // and of the file.
  bool has(std::string_view option) const { return assignments_.contains(option); }
  bool is_not_empty(std::string_view option) const {
    return !text(option).empty() || secret(option) != nullptr;
  }
  // The last value, otherwise the option's fallback, otherwise empty.
  std::string text(std::string_view option) const;
  // The value of an option of Kind::secret, for which text() is empty. Null: it has no value, or an
  // empty one.
  std::shared_ptr<const Secret> secret(std::string_view option) const;
  // text() as a boolean, a number or a time. Without a value: false or 0.
  bool is_on(std::string_view option) const;
  long number(std::string_view option) const;
  std::chrono::milliseconds seconds(std::string_view option) const;
  // All values of a repeatable option. Does not use the fallback.
  std::vector<std::string> all(std::string_view option) const;

  const Command& command() const { return command_; }
  // The configuration file. Empty if the command reads none, or if there is none.
  const ConfigFile& file() const { return *file_; }
  std::shared_ptr<const ConfigFile> shared_file() const { return file_; }
  // The value of --binding, otherwise of ROLECALL_BINDING, otherwise of the list in the table of
  // the command: one name, or several if the command accepts several.
  const std::vector<std::string>& chosen_bindings() const { return chosen_bindings_; }
  // The ROLECALL_… variables that values came from.
  std::vector<std::string> own_variables() const;
  // Where the value of each option is set: "command line", "environment variable ROLECALL_REGION",
  // "configuration file PATH, line 3".
  std::map<std::string, std::string> locations() const;
  // The settings of the same command line with another binding.
  Settings of_binding(const std::string& name) const { return {command_, line_, file_, name}; }

  // Writes traces if --debug is on.
  Reporter reporter() const;
  // A line "--NAME=VALUE (LOCATION)" for each option with a value. Shows no secrets.
  std::string trace() const;
  // The error that `flags` ("--role-arn, --profile-arn") have no value. The error says which
  // binding was searched and where it is. If no binding was chosen, it says which ones there are,
  // or which file cannot be read.
  Error missing(const std::string& flags) const;

 private:
  // The values that one place sets for an option.
  struct Assignment {
    const Option* option;
    std::vector<std::string> values;
    std::shared_ptr<const Secret> secret;  // the value of an option of Kind::secret
    std::string location;                  // such as "environment variable ROLECALL_REGION"
    std::string variable = {};             // the environment variable that set it, or empty
  };

  void take_command_line();
  void take_environment();
  void take_table(const std::string& table);
  // Whether a place of lower precedence can still set the option.
  bool can_be_set(const Option& option) const;
  void set(Assignment assignment, const std::string& remark);
  const Option& option_of(std::string_view name) const;

  const Command& command_;
  const CommandLine& line_;
  std::shared_ptr<const ConfigFile> file_;
  std::vector<std::string> chosen_bindings_;
  std::map<std::string_view, Assignment> assignments_;
};

// Reads the configuration file and makes the settings from it. Warns about passwords that other
// users can read, and about variables that no command reads. `commands` are those that may read the
// file and the variables.
Settings read_settings(const Command& command, const CommandLine& line, Commands commands);

}  // namespace rolecall::cli

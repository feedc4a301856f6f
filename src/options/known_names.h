// Checks the names that users write: tables and settings in the configuration file, and variables.
// A name that nothing reads is most likely misspelled. Without a check, the user would notice only
// when the value is needed.
#pragma once

#include <string>
#include <vector>

#include "options/command.h"
#include "options/config_file.h"

namespace rolecall::cli {

class KnownNames {
 public:
  // `commands` can read the file and the variables. `running` is one of them. A setting that it
  // accepts is valid.
  KnownNames(const Command& running, Commands commands) : running_(running), commands_(commands) {}

  // Throws Error (usage), with the line's number, for a table that is neither a command nor a
  // binding, for a name that no command would read in that table, and for a value that none of
  // these commands accepts. Skips the tables of bindings if the running command is `bindings`,
  // because it shows what is wrong with a binding in the binding's row.
  void check(const ConfigFile& file) const;
  // Checks only one table.
  void check_table(const ConfigFile& file, const std::string& table) const;

  // Sentences about variables that begin with ROLECALL_ but that no command reads.
  std::vector<std::string> unknown_variables() const;
  // Warns about them.
  void warn_of_unknown_variables() const;

 private:
  void check_setting(const std::string& table, const Setting& setting,
                     const std::string& location) const;
  std::vector<const Command*> readers(const std::string& table) const;
  std::vector<std::string> names() const;
  [[noreturn]] void refuse_name(const std::string& table, const std::string& name,
                                const std::string& location) const;
  [[noreturn]] void refuse_table(const ConfigFile& file, const std::string& table) const;

  const Command& running_;
  Commands commands_;
};

}  // namespace rolecall::cli

// What names mean that stand in no code: those of tables and settings in the configuration file,
// and of variables. A name that nothing reads is most likely misspelt, and would be missed only
// when it is needed.
#pragma once

#include <string>
#include <vector>

#include "options/command.h"
#include "options/config_file.h"

namespace rolecall::cli {

class KnownNames {
 public:
  // `commands`: whoever can read the file and the variables. `running`: one of them; what is right
  // to it is right.
  KnownNames(const Command& running, Commands commands) : running_(running), commands_(commands) {}

  // Throws Error (usage) with the line of a table that is neither a command nor a binding, of a
  // name in any table that no command would read there, and of a value that none of these commands
  // takes. `bindings` shows what is wrong with a binding in its row, so it skips their tables.
  void check(const ConfigFile& file) const;
  // The same for one table.
  void check_table(const ConfigFile& file, const std::string& table) const;

  // Warns about variables that begin with ROLECALL_ and mean nothing to any command.
  void warn_of_unknown_variables() const;

 private:
  void check_setting(const std::string& table, const Setting& setting,
                     const std::string& place) const;
  std::vector<const Command*> readers(const std::string& table) const;
  std::vector<std::string> names() const;
  [[noreturn]] void refuse_name(const std::string& table, const std::string& name,
                                const std::string& place) const;
  [[noreturn]] void refuse_table(const ConfigFile& file, const std::string& table) const;

  const Command& running_;
  Commands commands_;
};

}  // namespace rolecall::cli

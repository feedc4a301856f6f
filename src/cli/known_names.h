// What names mean that stand in no code: those of tables and settings in the configuration file,
// and of variables. A name that nothing reads is most likely misspelt, and would be missed only
// when it is needed.
#pragma once

#include <string>
#include <vector>

#include "cli/config_file.h"

namespace CLI {
class App;
}

namespace rolecall::cli {

// Throws Error (usage) with the line of a table that is neither a command nor a binding, of a name
// in any table that no command would read there, and of a value that no such command would take.
// `app` is the command that runs: what it knows itself costs little. For `bindings` this skips the
// tables of bindings.
void check_names(CLI::App& app, const ConfigFile& file);

// The same for one table.
void check_table(CLI::App& app, const ConfigFile& file, const std::string& table);

// Warns about variables that begin with ROLECALL_ and mean nothing to any command.
void warn_of_unknown_variables(CLI::App& app);

// For the test that holds the short list of known names to the flags of the commands: what is in
// the list and is no flag, or one that takes other values.
std::vector<std::string> stale_quick_names();

}  // namespace rolecall::cli

// Where flags take their values from when the command line leaves them open: the environment, else
// the configuration file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config_file.h"
#include "rolecall/error.h"

namespace CLI {
class App;
}

namespace rolecall::cli {

// Declares --config, --quiet, and --binding where the command takes a certificate. Nothing for a
// command without flags.
void add_settings_flags(CLI::App& app);

// After the parse: gives every flag of `app` that has no value yet the one of its environment
// variable, else that of the file: of the table of `binding` (empty: none), of the command's, of
// what stands before all tables, whichever has one first. The variable of --role-arn is
// ROLECALL_ROLE_ARN, and AWS_CA_BUNDLE and the like where AWS has one. emulate has names of
// its own: ROLECALL_EMULATE_PORT, and its table alone. Relative paths of
// the file start at its directory. Throws Error (usage) for a value that is wrong, naming its
// place.
void apply_settings(CLI::App& app, const ConfigFile& file, const std::string& binding);

// The same with the file and binding that the flags --config and --binding (or their variables)
// name (no binding where several are named: each is for the command to apply); tells --debug of
// each flag with a value what it is, unless secret, and where it came from; warns of passwords that
// others can read and of variables that mean nothing, and returns the file. Throws Error (usage)
// for any name in the file that no command knows.
ConfigFile apply_settings(CLI::App& app);

// Whether --quiet is given, by whatever was applied until now.
bool is_quiet(const CLI::App& app);

// What --binding says, else ROLECALL_BINDING: one name, or several for a command that takes them.
std::vector<std::string> chosen_bindings(const CLI::App& app);

// The environment variable for this flag (a name without dashes) of the command `app`.
std::string variable_name(const CLI::App& app, const std::string& flag);

// That these flags ("--role-arn, --profile-arn") have no value. Says which binding was searched,
// and where it is; or which bindings there are, or which file cannot be read.
Error missing_values(const CLI::App& app, const std::string& flags);

// The variables of such a command have its name in theirs, and of the configuration file it reads
// its own table only.
bool has_names_of_its_own(const CLI::App& app);

// What a switch takes in a variable or a file: true, false, 1 or 0, in any case.
bool is_truth(const std::string& text);

// The other way round: "role-arn" for ROLECALL_ROLE_ARN; empty where it cannot be one of them.
std::string flag_of_variable(const CLI::App& app, std::string_view variable);

// "update" of the app "rolecall update".
std::string command_name(const CLI::App& app);

// Is the value of this flag (a name without dashes) a password itself?
bool holds_secret(std::string_view flag);

}  // namespace rolecall::cli

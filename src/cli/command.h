// A command of the program is a row of one table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config_file.h"

namespace CLI {
class App;
}

namespace rolecall::cli {

struct Command {
  std::string_view name;
  std::string_view summary;  // one line for `rolecall --help`
  // Declares its options on `app`, parses `arguments` (without program and command name) and does
  // the work. Throws Error, or what CLI11 throws for arguments that do not parse.
  void (*run)(CLI::App& app, std::vector<std::string> arguments);
};

// What every command calls once its options are declared: parses `arguments`, and gives options
// that they leave open the values of the environment and the configuration file (cli/settings.h);
// `footer` is the end of --help. Returns the file, for those who want more of it.
ConfigFile parse(CLI::App& app, const char* footer, std::vector<std::string> arguments);

bool is_command(const std::string& name);
std::vector<std::string> command_names();

// Declares the flags of this command on `app`, and does nothing else.
void declare_flags(const std::string& name, CLI::App& app);

// credential_process.cpp, emulate.cpp, …: one file a command.
void bindings(CLI::App& app, std::vector<std::string> arguments);
void cache(CLI::App& app, std::vector<std::string> arguments);
void configure(CLI::App& app, std::vector<std::string> arguments);
void credential_process(CLI::App& app, std::vector<std::string> arguments);
void emulate(CLI::App& app, std::vector<std::string> arguments);
void env(CLI::App& app, std::vector<std::string> arguments);
void exec(CLI::App& app, std::vector<std::string> arguments);
void export_credentials(CLI::App& app, std::vector<std::string> arguments);
void read_certificate_data(CLI::App& app, std::vector<std::string> arguments);
void serve(CLI::App& app, std::vector<std::string> arguments);
void sign_string(CLI::App& app, std::vector<std::string> arguments);
void update(CLI::App& app, std::vector<std::string> arguments);
void version(CLI::App& app, std::vector<std::string> arguments);

}  // namespace rolecall::cli

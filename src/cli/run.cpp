#include "cli/run.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/pkcs11_uri.h"
#include "base/process.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/exec.h"
#include "cli/settings.h"
#include "cli/ui.h"
#include "cli/wrong_arguments.h"

namespace rolecall::cli {
namespace {

constexpr std::array<Command, 13> commands = {{
    {"bindings", "List the bindings of the configuration file", bindings},
    {"cache", "List what the cache of credentials holds, or clear it", cache},
    {"configure", "Set up a profile of the AWS CLI and SDKs, and try it", configure},
    {"credential-process", "Print temporary AWS credentials as credential_process wants them",
     credential_process},
    {"emulate", "Run an offline IAM Roles Anywhere endpoint, to try things without AWS", emulate},
    {"env", "Print the environment in which SDKs find the credentials of serve", env},
    {"exec", "Run a command with credentials in its environment", exec},
    {"export", "Print credentials for a shell or a file", export_credentials},
    {"read-certificate-data", "Print what a certificate says, for programs or for people",
     read_certificate_data},
    {"serve", "Hand out credentials to the AWS SDKs on this machine, always valid ones", serve},
    {"sign-string", "Sign a fixed text, to see that a private key works", sign_string},
    {"update", "Keep temporary credentials in the AWS credentials file up to date", update},
    {"version", "Print the version, and what is inside", version},
}};

std::string overview() {
  std::string text =
      "rolecall turns an X.509 certificate and its private key into temporary AWS\n"
      "credentials through IAM Roles Anywhere.\n\n"
      "Usage: rolecall COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands) {
    text += "  " + std::string(command.name) + std::string(23 - command.name.size(), ' ') +
            std::string(command.summary) + "\n";
  }
  return text + "\nrolecall COMMAND --help explains a command and its options.\n";
}

const Command* find_command(const std::string& name) {
  const auto* found = std::find_if(commands.begin(), commands.end(),
                                   [&name](const Command& one) { return one.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

// Spellings of AWS's variables and configuration file, which people try as flags.
void use_our_spelling(std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  if (name != "--use-fips-endpoint" && name != "--use-dualstack-endpoint") return;
  argument.erase(name.rfind("-endpoint"), std::string_view("-endpoint").size());
}

void run_command(const Command& command, std::vector<std::string> arguments) {
  const std::string full_name = "rolecall " + std::string(command.name);
  CLI::App app(std::string(command.summary), full_name);
  app.get_formatter()->column_width(32);
  // What is before exec's command. CLI11 would take the next word as the value of "--flag=".
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    std::string& argument = arguments[i];
    use_our_spelling(argument);
    if (!argument.starts_with("--") || argument.find('=') != argument.size() - 1) continue;
    argument.pop_back();
    arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(++i), std::string());
  }
  // As the official helper: where a flag is given twice, the last one counts.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    command.run(app, std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    write_all(STDOUT_FILENO, app.help(), "standard output");
  } catch (const CLI::ExtrasError&) {
    refuse_leftover(app);
  } catch (const CLI::ParseError& error) {
    refuse(app, error);
  }
}

// exec's own failures must not look like those of the command that it runs (as with env and
// timeout).
int report(const std::string& command, const Error& error) {
  print_error(error);
  return command == "exec" ? no_credentials : static_cast<int>(error.kind());
}

// Overwrites passwords where the kernel shows them as /proc/PID/cmdline, once they are copied. It
// makes the time short in which `ps` can see them, and no more.
void hide_passwords(int argc, char** argv) {
  bool is_password = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text(argv[i]);
    const std::size_t equals = text.find('=');
    const bool flag = text.starts_with("--") && holds_secret(text.substr(0, equals).substr(2));
    if (flag && equals != std::string_view::npos) {
      wipe(argv[i] + equals + 1, text.size() - equals - 1);
    } else if (is_password) {
      wipe(argv[i], text.size());
    }
    is_password = flag && equals == std::string_view::npos;
    wipe_pins(argv[i], text.size());
  }
}

void run_arguments(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    throw Error(ErrorKind::usage, "no command given", "rolecall --help lists the commands");
  }
  const std::string& first = arguments.front();
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (first == "--help" || first == "-h" || first == "help") {
    if (rest.empty()) return write_all(STDOUT_FILENO, overview(), "standard output");
    const Command* command = find_command(rest.front());
    if (command == nullptr) refuse_command(rest);
    return run_command(*command, {"--help"});
  }
  const Command* command = find_command(first == "--version" ? "version" : first);
  if (command == nullptr) refuse_command(arguments);
  run_command(*command, std::move(rest));
}

}  // namespace

ConfigFile parse(CLI::App& app, const char* footer, std::vector<std::string> arguments) {
  app.footer(footer);
  add_settings_flags(app);
  app.parse(std::move(arguments));
  if (is_quiet(app)) release_warnings(true);
  ConfigFile file = apply_settings(app);
  release_warnings(is_quiet(app));
  return file;
}

bool is_command(const std::string& name) {
  return find_command(name) != nullptr;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const Command& command : commands)
    names.emplace_back(command.name);
  return names;
}

// A command that is asked for its help has declared its flags.
void declare_flags(const std::string& name, CLI::App& app) {
  try {
    find_command(name)->run(app, {"--help"});
  } catch (const CLI::CallForHelp&) {
    return;
  }
}

int run(int argc, char** argv) {
  guard_standard_descriptors();
  take_signals();
  set_aside_key_log();
  const std::string command = argc > 1 ? argv[1] : "";
  try {
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    hide_passwords(argc, argv);
    run_arguments(arguments);
    return 0;
  } catch (const Error& error) {
    return report(command, error);
  } catch (const std::bad_alloc&) {
    return report(command, Error(ErrorKind::try_later, "out of memory"));
  } catch (const std::exception& error) {
    return report(command, Error(ErrorKind::failed, std::string("internal error: ") + error.what(),
                                 "please report this with the command line, without secrets"));
  }
}

}  // namespace rolecall::cli

#include "commands/run.h"

#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/files.h"
#include "base/pkcs11_uri.h"
#include "base/process.h"
#include "base/text.h"
#include "commands/all_commands.h"
#include "commands/help.h"
#include "options/command_line.h"
#include "options/environment.h"
#include "options/settings.h"
#include "terminal/similar.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

// The arguments of this process, where the kernel put them: one may be a password.
using Arguments = std::vector<std::string_view>;

// Refuses arguments that do not begin with a command.
[[noreturn]] void refuse_command(const Arguments& arguments) {
  const std::string first(arguments.front());
  if (!first.starts_with('-')) {
    std::string hint = similar(first, command_names());
    if (hint.empty()) hint = "rolecall --help lists the commands";
    throw Error(ErrorKind::usage, "there is no command \"" + first + "\"", hint);
  }
  // The message names only the part before "=", because a password may follow.
  const std::string flag = first.substr(0, first.find('='));
  const auto command = std::find_if(arguments.begin(), arguments.end(), [](std::string_view word) {
    return find_command(word) != nullptr;
  });
  throw Error(ErrorKind::usage, "the option " + flag + " comes before the command",
              command == arguments.end()
                  ? "options follow the command: rolecall COMMAND " + flag +
                        "; rolecall --help lists the commands"
                  : cat("options follow the command: rolecall ", *command, " ", flag));
}

// Prints the error and returns the exit code. Failures of exec itself have exit codes of their own,
// so that they do not look like failures of the command that it runs (as with env(1) and
// timeout(1)).
int report(const Command* command, const Error& error) {
  print_error(error);
  return command != nullptr && command->failure_exit_code != 0 ? command->failure_exit_code
                                                               : static_cast<int>(error.kind());
}

bool takes_secret(std::string_view flag) {
  return std::any_of(all_commands().begin(), all_commands().end(), [flag](const Command* command) {
    const Option* option = find_option(*command, flag);
    return option != nullptr && option->kind == Kind::secret;
  });
}

// Overwrites passwords and PINs where the kernel shows them as /proc/PID/cmdline. This only
// shortens the time in which `ps` can show them.
void hide_passwords(std::span<char*> arguments) {
  bool is_password = false;
  for (char* const argument : arguments) {
    const std::string_view text(argument);
    const std::size_t equals = text.find('=');
    const bool flag = text.starts_with("--") && takes_secret(text.substr(0, equals).substr(2));
    if (flag && equals != std::string_view::npos) {
      wipe(argument + equals + 1, text.size() - equals - 1);
    } else if (is_password) {
      wipe(argument, text.size());
    }
    is_password = flag && equals == std::string_view::npos;
    wipe_pins(argument, text.size());
  }
}

CommandLine command_line_of(const Command& command, Arguments arguments) {
  if (command.rewrite == nullptr) return read_command_line(command, std::move(arguments));
  const std::vector<std::string> words = command.rewrite({arguments.begin(), arguments.end()});
  return read_command_line(command, {words.begin(), words.end()});
}

void run_command(const Command& command, const CommandLine& line) {
  if (line.asks_for_help)
    return write_all(STDOUT_FILENO, help_text(command, help_width()), "standard output");
  const CommandLine::OptionValues* quiet = line.find("quiet");
  if (quiet != nullptr && boolean_value(quiet->values.back())) release_warnings(true);
  const Settings settings = read_settings(command, line, all_commands());
  release_warnings(command.settings_scope != SettingsScope::none && settings.is_on("quiet"));
  command.run(settings, line);
}

void run_arguments(std::span<char*> words) {
  Arguments arguments(words.begin(), words.end());
  if (arguments.empty()) {
    throw Error(ErrorKind::usage, "no command given", "rolecall --help lists the commands");
  }
  const std::string_view first = arguments.front();
  const bool asks_for_help = first == "--help" || first == "-h" || first == "help";
  if (asks_for_help) {
    arguments.erase(arguments.begin());
    if (arguments.empty())
      return write_all(STDOUT_FILENO, overview(help_width()), "standard output");
  }
  const Command* command =
      find_command(!asks_for_help && first == "--version" ? "version" : arguments.front());
  if (command == nullptr) refuse_command(arguments);
  const CommandLine line =
      command_line_of(*command, asks_for_help ? Arguments{"--help"}
                                              : Arguments(arguments.begin() + 1, arguments.end()));
  hide_passwords(words);
  run_command(*command, line);
}

}  // namespace

int run(int argc, char** argv) {
  guard_standard_descriptors();
  set_signal_actions();
  remove_key_log_variable();
  spell_as_flags(is_option_name);
  protect_memory();  // before the arguments are read: one may be a password
  const Command* command = find_command(argc > 1 ? argv[1] : "");
  try {
    run_arguments({argv + std::min(argc, 1), argv + argc});
    return 0;
  } catch (const Error& error) {
    return report(command, error);
  } catch (const std::bad_alloc&) {
    return report(command, Error(ErrorKind::try_later, "out of memory"));
  } catch (const std::exception& error) {
    return report(command, Error(ErrorKind::failed, cat("internal error: ", error.what()),
                                 "please report this with the command line, without secrets"));
  }
}

}  // namespace rolecall::cli

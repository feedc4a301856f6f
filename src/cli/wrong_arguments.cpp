#include "cli/wrong_arguments.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "base/pkcs11_uri.h"
#include "base/stray_character.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "cli/similar.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

std::string name_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? std::string() : option.get_lnames().front();
}

bool is_switch(const CLI::Option& option) {
  return option.get_expected_max() == 0;
}

// What is left of the backslash that ends a line, where no shell joins the lines.
bool is_end_of_line(std::string_view argument) {
  return argument == "\\" || argument.starts_with('\n') || argument.starts_with("\r\n");
}

bool has_end_of_line(const CLI::App& app) {
  const auto has = [](const std::vector<std::string>& arguments) {
    return std::any_of(arguments.begin(), arguments.end(), is_end_of_line);
  };
  const std::vector<const CLI::Option*> options = app.get_options();
  return has(app.remaining()) ||
         std::any_of(options.begin(), options.end(),
                     [&has](const CLI::Option* option) { return has(option->results()); });
}

[[noreturn]] void refuse_option(const CLI::App& app, const std::string& flag) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) names.push_back("--" + name_of(*option));
  }
  const CLI::Option* turned_off =
      flag.starts_with("--no-") ? app.get_option_no_throw("--" + flag.substr(5)) : nullptr;
  std::string hint = turned_off != nullptr && is_switch(*turned_off)
                         ? "--" + name_of(*turned_off) + "=false turns it off"
                         : similar(flag, names);
  if (hint.empty()) hint = app.get_name() + " --help lists the options";
  throw Error(ErrorKind::usage, "unknown option " + flag, hint);
}

// The parser takes whatever follows a flag that needs a value.
void refuse_swallowed_flags(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = name_of(*option);
    if (holds_secret(name)) continue;
    for (const std::string& value : option->results()) {
      if (!value.starts_with("--") || app.get_option_no_throw(value) == nullptr) continue;
      throw Error(ErrorKind::usage, "--" + name + " needs a value, but " + value + " follows it",
                  "--" + name + " " + option->get_type_name());
    }
  }
}

void check_value(const std::string& flag, const std::string& type, const std::string& value) {
  // A URI may have blanks, and a PIN.
  if (type == "FILE" && (is_pkcs11_uri(value) || access(value.c_str(), F_OK) == 0)) return;
  const auto stray = find_stray_character(value, Stray::ends);
  if (!stray) return;
  // A URL may hold a password.
  throw Error(ErrorKind::usage,
              "--" + flag + (type == "URL" ? "" : " \"" + value + "\"") + " has " + stray->text,
              stray->hint);
}

}  // namespace

void refuse_leftover(const CLI::App& app) {
  std::vector<std::string> rest = app.remaining();
  std::erase(rest, "--");
  if (has_end_of_line(app)) {
    throw Error(ErrorKind::usage, "the end of a line stands among the arguments",
                "a backslash joins lines in a shell only: in ~/.aws/config credential_process is "
                "one line, without a backslash");
  }
  refuse_swallowed_flags(app);
  const char* quotes = "values with spaces need quotes: double quotes in ~/.aws/config";
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = name_of(*option);
    // Its value may begin with a dash, or have a space that nobody quoted.
    if (option->count() > 0 && (holds_secret(name) || name == "password-source")) {
      throw Error(ErrorKind::usage, "unexpected argument, not shown as --" + name + " was given",
                  std::string(quotes) + "; one that starts with a dash: --" + name + "=VALUE");
    }
  }
  const std::string first = rest.empty() ? "" : rest.front();
  if (first.starts_with('-') && first.size() > 1)
    refuse_option(app, first.substr(0, first.find('=')));
  if (first.empty()) {
    throw Error(ErrorKind::usage, "unexpected empty argument",
                "is a variable of a script empty? Switches take no value but =true and =false");
  }
  throw Error(ErrorKind::usage, "unexpected argument \"" + first + "\"", quotes);
}

void refuse(const CLI::App& app, const CLI::ParseError& error) {
  // It begins with the flag, or has it behind a blank.
  const std::string said = " " + std::string(error.what()) + " ";
  for (const CLI::Option* option : app.get_options()) {
    const std::string flag = "--" + name_of(*option);
    const std::size_t at = said.find(" " + flag);
    const std::size_t end = at == std::string::npos ? 0 : at + 1 + flag.size();
    if (flag == "--" || end == 0 || (said[end] != ' ' && said[end] != ':')) continue;
    if (is_switch(*option)) {
      const std::string value = option->results().empty() ? "" : option->results().back();
      throw Error(ErrorKind::usage, flag + " takes true or false, not \"" + value + "\"",
                  flag + " alone turns it on, and " + flag + "=false off");
    }
    if (option->results().empty()) {
      throw Error(ErrorKind::usage, flag + " needs a value",
                  flag + " " + option->get_type_name() +
                      "; a value that begins with a dash: " + flag + "=VALUE");
    }
  }
  throw Error(ErrorKind::usage, "the command line cannot be read",
              app.get_name() + " --help lists the options");
}

void refuse_command(const std::vector<std::string>& arguments) {
  const std::string& first = arguments.front();
  if (!first.starts_with('-')) {
    std::string hint = similar(first, command_names());
    if (hint.empty()) hint = "rolecall --help lists the commands";
    throw Error(ErrorKind::usage, "there is no command \"" + first + "\"", hint);
  }
  // What follows "=" may be a password.
  const std::string flag = first.substr(0, first.find('='));
  const auto command = std::find_if(arguments.begin(), arguments.end(), is_command);
  throw Error(ErrorKind::usage, "the option " + flag + " stands where a command should",
              command == arguments.end()
                  ? "options follow the command: rolecall COMMAND " + flag +
                        "; rolecall --help lists the commands"
                  : "options follow the command: rolecall " + *command + " " + flag);
}

void check_values(const CLI::App& app) {
  refuse_swallowed_flags(app);
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type != "ARN" && type != "REGION" && type != "URL" && type != "FILE") continue;
    for (const std::string& value : option->results())
      check_value(name_of(*option), type, value);
  }
}

}  // namespace rolecall::cli

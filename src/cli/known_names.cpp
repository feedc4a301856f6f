#include "cli/known_names.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/settings.h"
#include "cli/similar.h"
#include "cli/ui.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

struct Kind {
  TomlType type;
  bool several;
};

using Options = std::vector<CLI::Option*>;

Kind kind_of(const CLI::Option& option) {
  constexpr std::array<std::string_view, 3> numbers = {"SECONDS", "PORT", "HOPS"};
  const std::string type = option.get_type_name();
  const bool is_number = std::find(numbers.begin(), numbers.end(), type) != numbers.end();
  return {option.get_expected_max() == 0 ? TomlType::truth
          : is_number                    ? TomlType::number
                                         : TomlType::text,
          option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll};
}

bool is_setting(std::string_view flag) {
  return flag != "help" && flag != "config" && flag != "binding" && flag != "verbose";
}

bool reads(const CLI::App& app, const std::string& table) {
  if (table.empty()) return !has_names_of_its_own(app);
  if (table.starts_with("binding.")) return app.get_option_no_throw("--certificate") != nullptr;
  return table == command_name(app);
}

// Each command is asked for its flags once, and only where it must be: the one that runs is not.
CLI::App& app_of(const std::string& command) {
  static std::map<std::string, CLI::App> apps;
  const auto [found, is_new] = apps.try_emplace(command, "", "rolecall " + command);
  if (is_new) declare_flags(command, found->second);
  return found->second;
}

CLI::Option* setting_of(CLI::App& app, const std::string& name) {
  return is_setting(name) ? app.get_option_no_throw("--" + name) : nullptr;
}

std::vector<std::string> settings_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames())
      if (is_setting(name)) names.push_back(name);
  return names;
}

std::string shown_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : name == names.back() ? " or " : ", ") + name;
  return text;
}

// What most files have in tables that the running command does not read, so that these commands
// need not be asked for their flags in every run. A name or value that is missing here is found all
// the same.
struct QuickName {
  std::string_view command;  // empty: each of session_commands
  std::string_view name;
  TomlType type;
  long low = 0;  // of a number, without a fraction
  long high = 0;
};
constexpr std::array<std::string_view, 6> session_commands = {
    "configure", "credential-process", "exec", "export", "serve", "update"};
constexpr std::array<QuickName, 35> quick_names = {{
    {"", "certificate", TomlType::text},
    {"", "private-key", TomlType::text},
    {"", "intermediates", TomlType::text},
    {"", "cert-selector", TomlType::text},
    {"", "pkcs11-lib", TomlType::text},
    {"", "password-source", TomlType::text},
    {"", "reuse-pin", TomlType::truth},
    {"", "role-arn", TomlType::text},
    {"", "profile-arn", TomlType::text},
    {"", "trust-anchor-arn", TomlType::text},
    {"", "role-session-name", TomlType::text},
    {"", "session-duration", TomlType::number, 900, 43200},
    {"", "region", TomlType::text},
    {"", "endpoint", TomlType::text},
    {"", "use-fips", TomlType::truth},
    {"", "use-dualstack", TomlType::truth},
    {"", "ca-bundle", TomlType::text},
    {"", "with-proxy", TomlType::truth},
    {"", "connect-timeout", TomlType::number, 1, 86400},
    {"", "timeout", TomlType::number, 1, 86400},
    {"", "debug", TomlType::truth},
    {"credential-process", "cache", TomlType::truth},
    {"credential-process", "cache-margin", TomlType::number, 0, 43199},
    {"exec", "cache", TomlType::truth},
    {"exec", "cache-margin", TomlType::number, 0, 43199},
    {"exec", "refresh", TomlType::truth},
    {"export", "cache", TomlType::truth},
    {"export", "cache-margin", TomlType::number, 0, 43199},
    {"serve", "port", TomlType::number, 0, 65535},
    {"serve", "address", TomlType::text},
    {"serve", "imds", TomlType::truth},
    {"serve", "token-dir", TomlType::text},
    {"update", "once", TomlType::truth},
    {"update", "profile", TomlType::text},
    {"update", "refresh-before", TomlType::number, 1, 43199},
}};

bool is_session_command(std::string_view name) {
  return std::find(session_commands.begin(), session_commands.end(), name) !=
         session_commands.end();
}

const QuickName* quick_name_in(const std::string& table, const std::string& name) {
  const bool of_all = table.empty() || table.starts_with("binding.");
  const auto* found =
      std::find_if(quick_names.begin(), quick_names.end(), [&](const QuickName& one) {
        return one.name == name && (of_all || one.command == table ||
                                    (one.command.empty() && is_session_command(table)));
      });
  return found == quick_names.end() ? nullptr : &*found;
}

[[noreturn]] void refuse_name(const std::string& table, const std::string& name,
                              const std::string& place) {
  std::vector<std::string> names;
  std::vector<std::string> elsewhere;
  for (const std::string& command : command_names()) {
    CLI::App& app = app_of(command);
    if (reads(app, table)) {
      for (std::string& other : settings_of(app))
        names.push_back(std::move(other));
    } else if (setting_of(app, name) != nullptr) {
      elsewhere.push_back("[" + command + "]");
    }
  }
  std::string hint =
      elsewhere.empty() ? similar(name, names) : "it is a setting of " + shown_list(elsewhere);
  if (table == "bindings" && !elsewhere.empty()) hint = "did you mean the table [binding.NAME]?";
  if (hint.empty()) hint = "names are those of the flags, without their dashes";
  const bool is_command_table = is_command(table);
  throw Error(ErrorKind::usage,
              place + ": there is no setting \"" + name + "\"" +
                  (is_command_table ? " in [" + table + "]" : ""),
              hint);
}

[[noreturn]] void refuse_table(const ConfigFile& file, const std::string& table) {
  std::string hint = similar(table, {"binding"}).empty() ? similar(table, command_names())
                                                         : "did you mean [binding.NAME]?";
  if (hint.empty()) {
    hint = "a binding of this name is a table " + binding_header(table) +
           "; other tables are named after commands";
  }
  throw Error(ErrorKind::usage,
              place_in(file, file.lines.at(table)) + ": the table [" + table +
                  "] is neither a command nor a binding",
              hint);
}

// What a name means in a table, to each command that reads it there; or an error.
Options options_in(CLI::App& own, const std::string& table, const std::string& name,
                   const std::string& place) {
  Options found;
  const auto add = [&](CLI::App& app) {
    CLI::Option* setting = reads(app, table) ? setting_of(app, name) : nullptr;
    if (setting != nullptr) found.push_back(setting);
  };
  add(own);
  const bool is_of_one = is_command(table);
  for (const std::string& command : is_of_one ? std::vector<std::string>{table} : command_names()) {
    if (command != command_name(own)) add(app_of(command));
  }
  if (found.empty()) refuse_name(table, name, place);
  return found;
}

bool is_within(std::string_view text, long low, long high) {
  long number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stop == text.data() + text.size() && low <= number &&
         number <= high;
}

// Needs no command to be asked.
bool is_plainly_right(const QuickName& name, const Setting& setting) {
  if (setting.is_array) return false;
  if (name.type == TomlType::text) return setting.types.front() == TomlType::text;
  if (name.type == TomlType::truth) return setting.types.front() == TomlType::truth;
  return setting.types.front() != TomlType::truth &&
         is_within(setting.values.front(), name.low, name.high);
}

// A truth may stand in quotes, as in a variable. Numbers are check_text's.
bool fits(TomlType wanted, TomlType given, const std::string& value) {
  if (wanted == given || wanted == TomlType::number) return true;
  return wanted == TomlType::truth && given == TomlType::text && is_truth(value);
}

[[noreturn]] void refuse_type(const Setting& setting, std::size_t which, TomlType wanted) {
  const std::string& name = setting.name;
  const bool is_secret = holds_secret(name) || name == "password-source";
  const std::string value = setting.types[which] == TomlType::text
                                ? "\"" + setting.values[which] + "\""
                                : setting.values[which];
  const bool is_text = wanted == TomlType::text;
  throw Error(ErrorKind::usage,
              name + " takes " + (is_text ? "a text in quotes" : "true or false") +
                  (is_secret ? "" : ", not " + value),
              is_text ? "write it in quotes: " + name + " = \"…\""
                      : "write " + name + " = true or " + name + " = false");
}

void check_against(CLI::Option& option, const Setting& setting) {
  const Kind kind = kind_of(option);
  if (setting.is_array && !kind.several) {
    throw Error(ErrorKind::usage, setting.name + " takes one value, not a list",
                "write it without the brackets");
  }
  for (std::size_t i = 0; i < setting.values.size(); ++i) {
    const std::string& value = setting.values[i];
    if (!fits(kind.type, setting.types[i], value)) refuse_type(setting, i, kind.type);
    check_text(option, value);
  }
}

// What is wrong with it to this command, if anything is.
std::optional<Error> complaint(const Setting& setting, CLI::Option& option,
                               const std::string& place) {
  try {
    check_against(option, setting);
    return std::nullopt;
  } catch (const Error& error) {
    // Names have no dashes in the file.
    const std::string_view said = error.what();
    const bool is_flag = said.starts_with("--" + setting.name);
    return Error(error.kind(), place + ": " + std::string(said.substr(is_flag ? 2 : 0)),
                 error.hint());
  }
}

// Right is what is right to one of the commands: `format` is another thing to each.
void check_setting(CLI::App& own, const std::string& table, const Setting& setting,
                   const std::string& place) {
  const QuickName* quick = quick_name_in(table, setting.name);
  if (quick != nullptr && is_plainly_right(*quick, setting)) return;
  // The one that runs costs nothing to ask.
  CLI::Option* own_option = reads(own, table) ? setting_of(own, setting.name) : nullptr;
  if (own_option != nullptr && !complaint(setting, *own_option, place)) return;
  std::optional<Error> first;
  bool is_one_thing = true;
  for (CLI::Option* option : options_in(own, table, setting.name, place)) {
    const std::optional<Error> found = complaint(setting, *option, place);
    if (!found) return;
    if (!first) first = found;
    is_one_thing = is_one_thing && std::string_view(first->what()) == found->what();
  }
  if (!is_one_thing) {
    throw Error(
        ErrorKind::usage,
        place + ": no command takes \"" + setting.values.front() + "\" as " + setting.name,
        "each command takes other values: set it in the table of the command that it is for");
  }
  if (first) throw Error(*first);
}

// Whether the short list says of a flag what its command says.
bool agrees(const QuickName& name, CLI::Option& option) {
  const Kind kind = kind_of(option);
  if (kind.type != name.type || kind.several) return false;
  const auto is_taken = [&option](const std::string& text) {
    try {
      check_text(option, text);
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  if (kind.type != TomlType::number) return is_taken("anything");
  return is_taken(std::to_string(name.low)) && is_taken(std::to_string(name.high)) &&
         !is_taken(std::to_string(name.low - 1)) && !is_taken(std::to_string(name.high + 1));
}

}  // namespace

void check_table(CLI::App& app, const ConfigFile& file, const std::string& table) {
  const auto found = file.tables.find(table);
  if (found == file.tables.end()) return;
  for (const Setting& setting : found->second)
    check_setting(app, table, setting, place_in(file, setting.line));
}

void check_names(CLI::App& app, const ConfigFile& file) {
  // To the list, what is wrong with a binding is a part of its row.
  const bool skips_bindings = command_name(app) == "bindings";
  for (const auto& [table, settings] : file.tables) {
    const bool is_binding = table.starts_with("binding.");
    if (!table.empty() && !is_binding && !is_command(table)) refuse_table(file, table);
    if (!is_binding || !skips_bindings) check_table(app, file, table);
  }
}

std::vector<std::string> stale_quick_names() {
  std::vector<std::string> stale;
  for (const QuickName& one : quick_names) {
    for (const std::string_view command : session_commands) {
      if (!one.command.empty() && one.command != command) continue;
      CLI::Option* setting = setting_of(app_of(std::string(command)), std::string(one.name));
      if (setting == nullptr || !agrees(one, *setting))
        stale.push_back(std::string(command) + " " + std::string(one.name));
    }
  }
  return stale;
}

void warn_of_unknown_variables(CLI::App& app) {
  std::vector<std::string> names = own_variable_names();
  const auto is_known = [&app](const std::string& name) {
    return name == "ROLECALL_PIN" || name == "ROLECALL_CONFIG" || name == "ROLECALL_BINDING" ||
           setting_of(app, flag_of_variable(app, name)) != nullptr;
  };
  std::erase_if(names, is_known);
  if (names.empty()) return;
  std::vector<std::string> all = {"ROLECALL_PIN", "ROLECALL_CONFIG", "ROLECALL_BINDING"};
  for (const std::string& command : command_names())
    for (const std::string& flag : settings_of(app_of(command)))
      all.push_back(variable_name(app_of(command), flag));
  for (const std::string& name : names) {
    if (std::find(all.begin(), all.end(), name) != all.end()) continue;
    const std::string hint = similar(name, all);
    print_warning("environment variable " + name + " is not known to rolecall" +
                  (hint.empty() ? "" : ": " + hint));
  }
}

}  // namespace rolecall::cli

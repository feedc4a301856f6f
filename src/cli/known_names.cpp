#include "cli/known_names.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>

#include "base/time.h"
#include "cli/command.h"
#include "cli/environment.h"
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
const CLI::App& app_of(const std::string& command) {
  static std::map<std::string, CLI::App> apps;
  const auto [found, is_new] = apps.try_emplace(command, "", "rolecall " + command);
  if (is_new) declare_flags(command, found->second);
  return found->second;
}

const CLI::Option* setting_of(const CLI::App& app, const std::string& name) {
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
// need not be asked for their flags in every run. A name that is missing here is found all the
// same.
struct QuickName {
  std::string_view command;  // empty: each of session_commands
  std::string_view name;
  TomlType type;
};
constexpr std::array<std::string_view, 6> session_commands = {
    "configure", "credential-process", "exec", "export", "serve", "update"};
constexpr std::array<QuickName, 37> quick_names = {{
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
    {"", "session-duration", TomlType::number},
    {"", "region", TomlType::text},
    {"", "endpoint", TomlType::text},
    {"", "use-fips", TomlType::truth},
    {"", "use-dualstack", TomlType::truth},
    {"", "ca-bundle", TomlType::text},
    {"", "with-proxy", TomlType::truth},
    {"", "connect-timeout", TomlType::number},
    {"", "timeout", TomlType::number},
    {"", "debug", TomlType::truth},
    {"credential-process", "cache", TomlType::truth},
    {"credential-process", "cache-margin", TomlType::number},
    {"exec", "cache", TomlType::truth},
    {"exec", "cache-margin", TomlType::number},
    {"exec", "refresh", TomlType::truth},
    {"export", "cache", TomlType::truth},
    {"export", "cache-margin", TomlType::number},
    {"export", "format", TomlType::text},
    {"serve", "port", TomlType::number},
    {"serve", "address", TomlType::text},
    {"serve", "imds", TomlType::truth},
    {"serve", "token-dir", TomlType::text},
    {"serve", "log-format", TomlType::text},
    {"update", "once", TomlType::truth},
    {"update", "profile", TomlType::text},
    {"update", "refresh-before", TomlType::number},
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
    const CLI::App& app = app_of(command);
    if (reads(app, table)) {
      for (std::string& other : settings_of(app))
        names.push_back(std::move(other));
    } else if (setting_of(app, name) != nullptr) {
      elsewhere.push_back("[" + command + "]");
    }
  }
  std::string hint =
      elsewhere.empty() ? similar(name, names) : "it belongs into " + shown_list(elsewhere);
  if (hint.empty()) hint = "names are those of the flags, without their dashes";
  const bool is_command_table = is_command(table);
  throw Error(ErrorKind::usage,
              place + ": there is no setting \"" + name + "\"" +
                  (is_command_table ? " in [" + table + "]" : ""),
              hint);
}

// What a name means in a table, or an error.
Kind kind_in(const CLI::App& own, const std::string& table, const std::string& name,
             const std::string& place) {
  if (const QuickName* quick = quick_name_in(table, name)) return {quick->type, false};
  const CLI::Option* setting = reads(own, table) ? setting_of(own, name) : nullptr;
  if (setting != nullptr) return kind_of(*setting);
  for (const std::string& command :
       is_command(table) ? std::vector<std::string>{table} : command_names()) {
    const CLI::App& app = app_of(command);
    setting = reads(app, table) ? setting_of(app, name) : nullptr;
    if (setting != nullptr) return kind_of(*setting);
  }
  refuse_name(table, name, place);
}

const char* shown(TomlType type) {
  if (type == TomlType::truth) return "true or false";
  return type == TomlType::number ? "a number" : "a text in quotes";
}

// A number and a truth may stand in quotes, as in a variable.
bool fits(TomlType wanted, TomlType given, const std::string& value) {
  if (wanted == given) return true;
  if (given != TomlType::text) return false;
  return wanted == TomlType::truth ? is_truth(value) : parse_seconds(value).has_value();
}

void check_type(const Setting& setting, Kind kind, const std::string& place) {
  if (setting.is_array && !kind.several) {
    throw Error(ErrorKind::usage, place + ": " + setting.name + " takes one value, not a list",
                "write it without the brackets");
  }
  for (std::size_t i = 0; i < setting.values.size(); ++i) {
    const TomlType given = setting.types[i];
    if (fits(kind.type, given, setting.values[i])) continue;
    const bool is_secret = holds_secret(setting.name) || setting.name == "password-source";
    const std::string value =
        given == TomlType::text ? "\"" + setting.values[i] + "\"" : setting.values[i];
    throw Error(ErrorKind::usage,
                place + ": " + setting.name + " takes " + shown(kind.type) +
                    (is_secret ? "" : ", not " + value),
                kind.type == TomlType::text
                    ? "write it in quotes: " + setting.name + " = \"…\""
                    : "rolecall COMMAND --help says what --" + setting.name + " takes");
  }
}

}  // namespace

void check_table(const CLI::App& app, const ConfigFile& file, const std::string& table) {
  const auto found = file.tables.find(table);
  if (found == file.tables.end()) return;
  for (const Setting& setting : found->second) {
    const std::string place = place_in(file, setting.line);
    check_type(setting, kind_in(app, table, setting.name, place), place);
  }
}

void check_names(const CLI::App& app, const ConfigFile& file) {
  // To the list, what is wrong with a binding is a part of its row.
  const bool skips_bindings = command_name(app) == "bindings";
  for (const auto& [table, settings] : file.tables) {
    const bool is_binding = table.starts_with("binding.");
    if (!table.empty() && !is_binding && !is_command(table)) {
      std::vector<std::string> names = command_names();
      names.emplace_back("binding");
      const std::string hint = similar(table, names);
      throw Error(ErrorKind::usage,
                  place_in(file, file.lines.at(table)) + ": the table [" + table +
                      "] is neither a command nor a binding",
                  (hint.empty() ? "" : hint + " ") + "tables are [COMMAND] and [binding.NAME]");
    }
    if (!is_binding || !skips_bindings) check_table(app, file, table);
  }
}

std::vector<std::string> stale_quick_names() {
  std::vector<std::string> stale;
  for (const QuickName& one : quick_names) {
    for (const std::string_view command : session_commands) {
      if (!one.command.empty() && one.command != command) continue;
      const CLI::Option* setting = setting_of(app_of(std::string(command)), std::string(one.name));
      if (setting == nullptr || kind_of(*setting).type != one.type || kind_of(*setting).several)
        stale.push_back(std::string(command) + " " + std::string(one.name));
    }
  }
  return stale;
}

void warn_of_unknown_variables(const CLI::App& app) {
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

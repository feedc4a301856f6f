#include "options/known_names.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "options/binding_lists.h"
#include "options/environment.h"
#include "options/variable_names.h"
#include "rolecall/error.h"
#include "terminal/similar.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

// The variable that belongs to no option.
constexpr const char* pin_variable = "ROLECALL_PIN";

const Option* setting_of(const Command& command, std::string_view name) {
  const Option* option = find_option(command, name);
  return option != nullptr && !option->chooses_settings ? option : nullptr;
}

bool has_variable(const Command& command, const Option& option) {
  return command.settings_scope == SettingsScope::shared ||
         (command.settings_scope == SettingsScope::own && !option.chooses_settings);
}

bool reads_table(const Command& command, const std::string& table) {
  if (command.settings_scope == SettingsScope::none) return false;
  if (table.empty()) return command.settings_scope == SettingsScope::shared;
  if (table.starts_with("binding.")) return takes_bindings(command);
  return table == command.name;
}

TomlType type_of(const Option& option) {
  if (option.kind == Kind::toggle) return TomlType::boolean;
  return option.kind == Kind::number || option.kind == Kind::seconds ? TomlType::number
                                                                     : TomlType::text;
}

// A boolean may also be in quotes, like the text of a variable. check_value checks numbers.
bool is_of_type(TomlType wanted, TomlType given, const std::string& value) {
  if (wanted == given || wanted == TomlType::number) return true;
  return wanted == TomlType::boolean && given == TomlType::text && is_boolean(value);
}

[[noreturn]] void refuse_type(const Option& option, const std::string& name, TomlType given,
                              const std::string& value) {
  const bool is_secret =
      option.kind == Kind::secret || option.kind == Kind::source || option.kind == Kind::command;
  const std::string shown = given == TomlType::text ? "\"" + value + "\"" : value;
  const bool is_text = type_of(option) == TomlType::text;
  throw Error(ErrorKind::usage,
              name + " takes " + (is_text ? "a text in quotes" : "true or false") +
                  (is_secret ? "" : ", not " + shown),
              is_text ? "write it in quotes: " + name + " = \"…\""
                      : "write " + name + " = true or " + name + " = false");
}

void check_against(const Command& command, const Option& option, const Setting& setting) {
  if (setting.is_array && !option.repeatable) {
    throw Error(ErrorKind::usage, setting.name + " takes one value, not a list",
                "write it without the brackets");
  }
  for (std::size_t i = 0; i < setting.types.size(); ++i) {
    const std::string value = setting.secret ? "" : setting.values[i];
    if (!is_of_type(type_of(option), setting.types[i], value)) {
      refuse_type(option, setting.name, setting.types[i], value);
    }
    check_value(option, value, full_name(command));
  }
}

// Why `command` does not accept the setting. Empty if it does.
std::optional<Error> setting_error(const Command& command, const Setting& setting,
                                   const std::string& location) {
  try {
    check_against(command, *setting_of(command, setting.name), setting);
    return std::nullopt;
  } catch (const Error& error) {
    // The file names options without dashes.
    std::string text = error.what();
    for (const std::string& spelled : {"--" + setting.name, "`" + setting.name + "`"})
      if (text.starts_with(spelled)) text.replace(0, spelled.size(), setting.name);
    return Error(error.kind(), location + ": " + text, error.hint());
  }
}

}  // namespace

// The running command comes first, so that its error is the one that is shown.
std::vector<const Command*> KnownNames::readers(const std::string& table) const {
  std::vector<const Command*> found;
  for (const Command* command : commands_)
    if (reads_table(*command, table)) found.push_back(command);
  std::stable_partition(found.begin(), found.end(),
                        [this](const Command* one) { return one == &running_; });
  return found;
}

std::vector<std::string> KnownNames::names() const {
  std::vector<std::string> all;
  for (const Command* command : commands_)
    all.emplace_back(command->name);
  return all;
}

void KnownNames::refuse_name(const std::string& table, const std::string& name,
                             const std::string& location) const {
  std::vector<std::string> names;
  std::vector<std::string> elsewhere;
  for (const Command* command : commands_) {
    if (reads_table(*command, table)) {
      for (const Option* option : all_options(*command))
        if (!option->chooses_settings) names.emplace_back(option->name);
    } else if (setting_of(*command, name) != nullptr) {
      elsewhere.push_back(cat("[", command->name, "]"));
    }
    if (is_list_of_bindings(*command, command->name, name))
      elsewhere.push_back(cat("[", command->name, "]"));
    for (const char* list : {"bindings", "fallback"})
      if (is_list_of_bindings(*command, table, list) || is_fallback_list(table, list))
        names.emplace_back(list);
  }
  if (is_fallback_list("binding.", name)) elsewhere.emplace_back("[binding.NAME]");
  std::string hint =
      elsewhere.empty() ? similar(name, names) : "it is a setting of " + list_text(elsewhere, "or");
  const bool lists_bindings =
      std::any_of(commands_.begin(), commands_.end(), [&table](const Command* command) {
        return command->name == table && command->lists_bindings_of != nullptr;
      });
  if (lists_bindings && !elsewhere.empty()) hint = "did you mean the table [binding.NAME]?";
  if (hint.empty()) hint = "names are those of the flags, without their dashes";
  const bool is_command_table = !table.empty() && !table.starts_with("binding.");
  throw Error(ErrorKind::usage,
              location + ": there is no setting \"" + name + "\"" +
                  (is_command_table ? " in [" + table + "]" : ""),
              hint);
}

void KnownNames::refuse_table(const ConfigFile& file, const std::string& table) const {
  std::string hint = similar(table, {"binding"}).empty() ? similar(table, names())
                                                         : "did you mean [binding.NAME]?";
  if (hint.empty()) {
    hint = "a binding of this name is a table " + binding_header(table) +
           "; other tables are named after commands";
  }
  throw Error(ErrorKind::usage,
              location_in(file, file.lines.at(table)) + ": the table [" + table +
                  "] is neither a command nor a binding",
              hint);
}

// A setting is valid if any of the commands accepts it: for example, each command has other values
// of `format`.
void KnownNames::check_setting(const std::string& table, const Setting& setting,
                               const std::string& location) const {
  std::optional<Error> first;
  bool all_errors_are_equal = true;
  for (const Command* command : readers(table)) {
    if (setting_of(*command, setting.name) == nullptr) continue;
    const std::optional<Error> found = setting_error(*command, setting, location);
    if (!found) return;
    if (!first) first = found;
    all_errors_are_equal = all_errors_are_equal && std::string_view(first->what()) == found->what();
  }
  if (!first) refuse_name(table, setting.name, location);
  if (all_errors_are_equal) throw Error(*first);
  throw Error(
      ErrorKind::usage,
      location + ": no command takes \"" + setting.values.front() + "\" as " + setting.name,
      "each command accepts other values: set it in the table of the command that needs it");
}

void KnownNames::check_table(const ConfigFile& file, const std::string& table) const {
  const auto found = file.tables.find(table);
  if (found == file.tables.end()) return;
  for (const Setting& setting : found->second) {
    const bool is_list = std::any_of(
        commands_.begin(), commands_.end(),
        [&](const Command* command) { return is_list_of_bindings(*command, table, setting.name); });
    if (is_list) {
      check_list_of_bindings(file, setting);
    } else if (is_fallback_list(table, setting.name)) {
      fallbacks_of(file, table.substr(table.find('.') + 1));
    } else {
      check_setting(table, setting, location_in(file, setting.line));
    }
  }
}

void KnownNames::check(const ConfigFile& file) const {
  const std::vector<std::string> commands = names();
  for (const auto& [table, settings] : file.tables) {
    const bool is_binding = table.starts_with("binding.");
    const bool is_command = std::find(commands.begin(), commands.end(), table) != commands.end();
    if (!table.empty() && !is_binding && !is_command) refuse_table(file, table);
    if (!is_binding || !running_.lists_bindings_of) check_table(file, table);
  }
}

std::vector<std::string> KnownNames::unknown_variables() const {
  std::vector<std::string> names = own_variable_names();
  std::erase_if(names, [this](const std::string& name) {
    const Option* option = find_option(running_, option_of_variable(running_, name));
    return name == pin_variable ||
           std::find(variables_for_commands.begin(), variables_for_commands.end(), name) !=
               variables_for_commands.end() ||
           (option != nullptr && has_variable(running_, *option));
  });
  if (names.empty()) return {};
  std::vector<std::string> all = {pin_variable};
  for (const Command* command : commands_) {
    for (const Options options : command->options) {
      for (const Option& option : options)
        if (has_variable(*command, option)) all.push_back(variable_name(*command, option.name));
    }
  }
  std::vector<std::string> sentences;
  for (const std::string& name : names) {
    if (std::find(all.begin(), all.end(), name) != all.end()) continue;
    const std::string hint = similar(name, all);
    sentences.push_back("environment variable " + name + " is not known to rolecall" +
                        (hint.empty() ? "" : ": " + hint));
  }
  return sentences;
}

void KnownNames::warn_of_unknown_variables() const {
  for (const std::string& sentence : unknown_variables())
    print_warning(sentence);
}

}  // namespace rolecall::cli

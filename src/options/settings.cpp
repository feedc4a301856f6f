#include "options/settings.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include "base/codec.h"
#include "base/pkcs11_uri.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "base/time.h"
#include "options/binding_lists.h"
#include "options/command_line.h"
#include "options/environment.h"
#include "options/file_paths.h"
#include "options/hidden_secrets.h"
#include "options/known_names.h"
#include "options/password.h"
#include "options/variable_names.h"
#include "terminal/origins.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

constexpr const char* command_line_location = "command line";

void check_binding(const ConfigFile& file, const std::string& binding) {
  if (binding.empty() || file.tables.contains("binding." + binding)) return;
  const std::string what = "there is no binding \"" + binding + "\"";
  if (file.path.empty()) {
    throw UnknownName(
        ErrorKind::usage,
        what + (file.skipped_file_error.empty() ? ", as " : ", and ") + missing_file_reason(file),
        missing_file_hint(file));
  }
  std::string hint = hint_for_unknown_binding(file, binding);
  if (!file.skipped_file_error.empty()) hint += "; " + file.skipped_file_error;
  throw UnknownName(ErrorKind::usage, what + " in configuration file " + file.path, hint);
}

std::vector<std::string> bindings_chosen_by(const Command& command, const CommandLine& line,
                                            const ConfigFile& file) {
  if (!takes_bindings(command)) return {};
  if (const CommandLine::OptionValues* entry = line.find("binding")) {
    return entry->option->repeatable ? entry->values
                                     : std::vector<std::string>{entry->values.back()};
  }
  std::string name = environment("ROLECALL_BINDING");
  if (!name.empty()) return {std::move(name)};
  const Setting* list = list_of_bindings(command, file);
  return list == nullptr ? std::vector<std::string>() : list->values;
}

std::string first_ten_names(const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;
  const std::span first = std::span(names).first(std::min(names.size(), most));
  return join(first, ", ") + (names.size() > most ? ", … (rolecall bindings lists them)" : "");
}

void warn_of_passwords(const CommandLine& line) {
  for (const CommandLine::OptionValues& entry : line.options) {
    const std::string flag = cat("--", entry.option->name);
    if (std::any_of(entry.values.begin(), entry.values.end(), contains_pin)) {
      print_warning(flag +
                    ": every user of this machine can read its pin-value while rolecall "
                    "starts; use pin-source or --password-source");
    }
    if (entry.option->kind != Kind::secret) continue;
    print_warning(flag +
                  ": every user of this machine can read it while rolecall starts; use "
                  "--password-source");
  }
}

// A URL without its user and password. Also if the URL is malformed, nothing before "@" is shown
// but the scheme.
std::string without_user(const std::string& url) {
  const std::size_t at = url.rfind('@');
  if (at == std::string::npos) return url;
  const std::size_t slashes = url.find("//");
  const std::size_t begin = slashes < at ? slashes + 2 : 0;
  return cat(url.substr(0, begin), "…", url.substr(at));
}

}  // namespace

Settings::Settings(const Command& command, const CommandLine& line,
                   std::shared_ptr<const ConfigFile> file, const std::string& binding)
    : command_(command),
      line_(line),
      file_(std::move(file)),
      chosen_bindings_(binding.empty() ? bindings_chosen_by(command, line, *file_)
                                       : std::vector<std::string>{binding}) {
  check_binding(*file_, binding);
  take_command_line();
  if (command_.settings_scope == SettingsScope::none) return;
  take_environment();
  if (!binding.empty()) take_table("binding." + binding);
  take_table(std::string(command_.name));
  if (command_.settings_scope == SettingsScope::shared) take_table("");
  for (const auto& [name, assignment] : assignments_) {
    for (const std::string& text : assignment.values)
      check_stray_characters(*assignment.option, text);
  }
}

void Settings::take_command_line() {
  for (const auto& [option, values, secret] : line_.options) {
    const bool all_count = option->repeatable || values.empty();
    assignments_[option->name] = {option,
                                  all_count ? values : std::vector<std::string>{values.back()},
                                  secret, command_line_location};
  }
}

// Finds all values before it sets the first one. Otherwise, of two options that cannot be used
// together, one would be ignored silently.
void Settings::take_environment() {
  std::vector<Assignment> found;
  for (const Options options : command_.options) {
    for (const Option& option : options) {
      if (option.name == "config" || !can_be_set(option)) continue;
      std::string variable = variable_name(command_, option.name);
      if (option.kind == Kind::secret) {
        const auto secret = take_secret_variable(variable);
        if (secret && !secret->empty()) {
          found.push_back({&option, {}, secret, "environment variable " + variable, variable});
        }
        continue;
      }
      std::string text = environment(variable.c_str());
      if (text.empty()) {
        if (const auto hidden = take_secret_variable(variable)) text = hidden->view();
      }
      if (text.empty() && option.aws_variable != nullptr) {
        variable = option.aws_variable;
        text = environment(option.aws_variable);
      }
      if (text.empty()) continue;
      found.push_back(
          {&option, {std::move(text)}, nullptr, "environment variable " + variable, variable});
    }
  }
  for (Assignment& assignment : found)
    set(std::move(assignment), "");
}

void Settings::take_table(const std::string& table) {
  const auto found = file_->tables.find(table);
  if (found == file_->tables.end()) return;
  std::vector<std::pair<const Option*, const Setting*>> to_set;
  for (const Setting& setting : found->second) {
    const Option* option = find_option(command_, setting.name);
    if (option != nullptr && can_be_set(*option)) to_set.emplace_back(option, &setting);
  }
  for (const auto& [option, setting] : to_set) {
    Assignment assignment{option, {}, setting->secret, location_in(*file_, setting->line)};
    for (const std::string& text : setting->values)
      assignment.values.push_back(path_from_file(*option, text, file_->path));
    const bool is_secret =
        option->kind == Kind::secret ||
        std::any_of(assignment.values.begin(), assignment.values.end(), contains_pin);
    if (is_secret && file_->others_can_read) {
      stderr_reporter(false).warning("configuration file " + file_->path +
                                     " contains a password (" + setting->name +
                                     "), and every user of this machine can read the file; run "
                                     "chmod o-rwx " +
                                     shell_word(file_->path));
    }
    const char* remark =
        assignment.values != setting->values ? note_on_relative_paths(setting->values) : "";
    set(std::move(assignment), remark);
  }
}

bool Settings::can_be_set(const Option& option) const {
  if (has(option.name)) return false;
  return option.provides.empty() ||
         std::none_of(assignments_.begin(), assignments_.end(), [&option](const auto& entry) {
           return entry.second.option->provides == option.provides;
         });
}

void Settings::set(Assignment assignment, const std::string& remark) {
  const Option& option = *assignment.option;
  try {
    for (const std::string& text : assignment.values)
      check_value(option, text, full_name(command_));
  } catch (const Error& error) {
    throw Error(
        error.kind(), assignment.location + ": " + error.what(),
        option.kind == Kind::toggle ? "write true or false; 1 and 0 also work" : error.hint());
  }
  std::vector<std::string> shown;
  for (const std::string& text : assignment.values)
    shown.push_back(without_pin(text));
  remember_origin(std::string(option.name), std::move(shown), assignment.location + remark);
  assignments_[option.name] = std::move(assignment);
}

const Option& Settings::option_of(std::string_view name) const {
  const Option* option = find_option(command_, name);
  if (option == nullptr) throw std::logic_error(cat(full_name(command_), " has no option ", name));
  return *option;
}

std::string Settings::text(std::string_view option) const {
  const auto found = assignments_.find(option);
  return found == assignments_.end() || found->second.values.empty()
             ? std::string(option_of(option).default_value)
             : found->second.values.back();
}

std::shared_ptr<const Secret> Settings::secret(std::string_view option) const {
  const auto found = assignments_.find(option);
  const bool has_value =
      found != assignments_.end() && found->second.secret && !found->second.secret->empty();
  return has_value ? found->second.secret : nullptr;
}

bool Settings::is_on(std::string_view option) const {
  return boolean_value(text(option));
}

long Settings::number(std::string_view option) const {
  return parse_number<long>(text(option)).value_or(0);
}

std::chrono::milliseconds Settings::seconds(std::string_view option) const {
  return parse_seconds(text(option)).value_or(std::chrono::milliseconds(0));
}

std::vector<std::string> Settings::all(std::string_view option) const {
  const auto found = assignments_.find(option);
  return found == assignments_.end() ? std::vector<std::string>() : found->second.values;
}

std::vector<std::string> Settings::own_variables() const {
  std::vector<std::string> names;
  for (const auto& [name, assignment] : assignments_)
    if (assignment.variable.starts_with("ROLECALL_")) names.push_back(assignment.variable);
  return names;
}

std::map<std::string, std::string> Settings::locations() const {
  std::map<std::string, std::string> found;
  for (const auto& [name, assignment] : assignments_)
    found.emplace(name, assignment.location);
  return found;
}

Reporter Settings::reporter() const {
  return stderr_reporter(find_option(command_, "debug") != nullptr && is_on("debug"));
}

std::string Settings::trace() const {
  std::string text;
  if (const Setting* list = list_of_bindings(command_, *file_);
      list != nullptr && list->values == chosen_bindings_) {
    text += cat("\n  ", list->name, "=", join(list->values, ", "), " (",
                terminal_safe(location_in(*file_, list->line)), ")");
  }
  if (chosen_bindings_.size() == 1) {
    const std::vector<std::string> fallbacks = fallbacks_of(*file_, chosen_bindings_.front());
    if (!fallbacks.empty()) text += "\n  fallback=" + join(fallbacks, ", ");
  }
  for (const auto& [name, assignment] : assignments_) {
    if (name == "config" || assignment.option->kind == Kind::unused) continue;
    text += cat("\n  --", name);
    if (assignment.option->kind == Kind::source || assignment.option->kind == Kind::command) {
      // A text without a form may be the password itself.
      const std::string& value = assignment.values.back();
      const bool has_form = parse_password_spec(value).kind != PasswordSpec::Kind::invalid;
      text += has_form ? cat("=", value.substr(0, value.find(':')), ":…") : "=…";
    } else {
      const bool is_url = assignment.option->kind == Kind::url;
      for (const std::string& one : assignment.values)
        text += "=" + terminal_safe(without_pin(is_url ? without_user(one) : one));
    }
    text += " (" + terminal_safe(assignment.location) + ")";
  }
  return text;
}

Error Settings::missing(const std::string& flags) const {
  const std::string what = "missing: " + flags;
  const std::string help = full_name(command_) + " --help explains each flag";
  if (chosen_bindings_.empty() && !file_->bindings.empty() && takes_bindings(command_)) {
    return {ErrorKind::usage, what,
            "--binding NAME takes the missing values from configuration file " + file_->path +
                ", whose " + (file_->bindings.size() == 1 ? "binding is " : "bindings are ") +
                first_ten_names(file_->bindings)};
  }
  // `bindings`, and `serve` with several bindings, name the binding in their own output.
  const bool is_chosen = bindings_chosen_by(command_, line_, *file_).size() == 1;
  const auto table = file_->lines.find(is_chosen ? "binding." + chosen_bindings_.front() : "");
  if (table != file_->lines.end()) {
    return {ErrorKind::usage,
            what + ", which binding " + chosen_bindings_.front() + " does not have either (" +
                location_in(*file_, table->second) + ")",
            "add what is missing to " + binding_header(chosen_bindings_.front()) +
                ", without the dashes; " + help};
  }
  return {ErrorKind::usage, what,
          (file_->skipped_file_error.empty() ? "" : file_->skipped_file_error + "; ") + help};
}

Settings read_settings(const Command& command, const CommandLine& line, Commands commands) {
  if (command.settings_scope == SettingsScope::none)
    return {command, line, std::make_shared<const ConfigFile>(), ""};
  warn_of_passwords(line);
  const CommandLine::OptionValues* named = line.find("config");
  const auto file = std::make_shared<const ConfigFile>(
      read_config_file(named == nullptr ? "" : named->values.back()));
  const KnownNames known(command, commands);
  known.check(*file);
  known.warn_of_unknown_variables();
  const std::vector<std::string> bindings = bindings_chosen_by(command, line, *file);
  // `bindings` reads the tables of all bindings. A run may also ask the fallbacks of its bindings.
  std::vector<std::string> read_bindings = command.lists_bindings_of ? file->bindings : bindings;
  for (const std::string& name : bindings) {
    const std::vector<std::string> fallbacks = fallbacks_of(*file, name);
    read_bindings.insert(read_bindings.end(), fallbacks.begin(), fallbacks.end());
  }
  hide_secrets(command, commands, line, *file, read_bindings);
  Settings settings(command, line, file, bindings.size() == 1 ? bindings.front() : std::string());
  settings.reporter().trace(
      [&] { return "flags that do not have their default values:" + settings.trace(); });
  return settings;
}

}  // namespace rolecall::cli

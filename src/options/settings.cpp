#include "options/settings.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "base/codec.h"
#include "base/pkcs11_uri.h"
#include "base/text.h"
#include "base/time.h"
#include "options/command_line.h"
#include "options/environment.h"
#include "options/file_paths.h"
#include "options/known_names.h"
#include "options/withheld.h"
#include "terminal/origins.h"
#include "terminal/similar.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

// AWS's own variables. Ours take precedence (AWS SDKs and Tools Reference Guide, "Settings").
constexpr std::array<std::pair<std::string_view, const char*>, 3> aws_variables = {{
    {"ca-bundle", "AWS_CA_BUNDLE"},
    {"use-dualstack", "AWS_USE_DUALSTACK_ENDPOINT"},
    {"use-fips", "AWS_USE_FIPS_ENDPOINT"},
}};

// Options that give the same thing in different ways. If one of them is set, the others are not
// searched for in places of lower precedence.
constexpr std::array<std::string_view, 3> password_ways = {"password-source", "pkcs8-password",
                                                           "tpm-key-password"};
constexpr std::array<std::string_view, 2> certificate_ways = {"certificate", "cert-selector"};

constexpr const char* command_line_place = "command line";

std::string variable_prefix(const Command& command) {
  std::string prefix = "ROLECALL_";
  if (command.names == Names::own) prefix += cat(command.name, "_");
  return prefix;
}

void check_binding(const ConfigFile& file, const std::string& binding) {
  if (binding.empty() || file.tables.contains("binding." + binding)) return;
  const std::string what = "there is no binding \"" + binding + "\"";
  if (file.path.empty()) {
    throw Error(ErrorKind::usage,
                what + (file.unreadable.empty() ? ", as " : ", and ") + missing_file_reason(file),
                missing_file_hint(file));
  }
  std::string hint = binding.starts_with("binding.") ? "the name is what follows \"binding.\""
                                                     : similar(binding, file.bindings);
  if (hint.empty()) hint = "a binding starts with a line " + binding_header(binding);
  if (!file.unreadable.empty()) hint += "; " + file.unreadable;
  throw Error(ErrorKind::usage, what + " in configuration file " + file.path, hint);
}

std::vector<std::string> chosen_bindings(const Command& command, const CommandLine& line) {
  if (!takes_bindings(command)) return {};
  if (const CommandLine::Given* given = line.find("binding")) {
    return given->option->repeatable ? given->texts : std::vector<std::string>{given->texts.back()};
  }
  std::string name = environment("ROLECALL_BINDING");
  return name.empty() ? std::vector<std::string>() : std::vector<std::string>{std::move(name)};
}

std::string first_names(const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < most; ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  return text + (names.size() > most ? ", … (rolecall bindings lists them)" : "");
}

void warn_of_passwords(const CommandLine& line) {
  for (const CommandLine::Given& given : line.given) {
    const std::string flag = cat("--", given.option->name);
    if (std::any_of(given.texts.begin(), given.texts.end(), holds_pin)) {
      print_warning(flag +
                    ": every user of this machine can read its pin-value while the program "
                    "runs; use pin-source or --password-source");
    }
    if (given.option->kind != Kind::secret) continue;
    print_warning(flag +
                  ": every user of this machine can read it while the program runs; use "
                  "--password-source");
  }
}

}  // namespace

Settings::Settings(const Command& command, const CommandLine& line,
                   std::shared_ptr<const ConfigFile> file, const std::string& binding)
    : command_(command),
      line_(line),
      file_(std::move(file)),
      bindings_(binding.empty() ? chosen_bindings(command, line)
                                : std::vector<std::string>{binding}) {
  check_binding(*file_, binding);
  take_command_line();
  if (command_.names == Names::none) return;
  take_environment();
  if (!binding.empty()) take_table("binding." + binding);
  take_table(std::string(command_.name));
  if (command_.names == Names::shared) take_table("");
  for (const auto& [name, value] : values_) {
    for (const std::string& text : value.texts)
      check_stray_characters(*value.option, text);
  }
}

void Settings::take_command_line() {
  for (const auto& [option, texts] : line_.given) {
    values_[option->name] = {option,
                             option->repeatable ? texts : std::vector<std::string>{texts.back()},
                             command_line_place};
  }
}

// Finds all values before it sets the first one. Otherwise, of two options that cannot be used
// together, one would be ignored silently.
void Settings::take_environment() {
  std::vector<Value> found;
  for (const Options options : command_.options) {
    for (const Option& option : options) {
      if (option.name == "config" || !is_open(option)) continue;
      std::string variable = variable_name(command_, option.name);
      std::string text = environment(variable.c_str());
      if (text.empty()) text = take_secret_variable(variable).value_or(Secret()).view();
      for (const auto& [name, aws_variable] : aws_variables) {
        if (name != option.name || !text.empty()) continue;
        variable = aws_variable;
        text = environment(aws_variable);
      }
      if (text.empty()) continue;
      found.push_back({&option, {std::move(text)}, "environment variable " + variable, variable});
    }
  }
  for (Value& value : found)
    set(std::move(value), "");
}

void Settings::take_table(const std::string& table) {
  const auto found = file_->tables.find(table);
  if (found == file_->tables.end()) return;
  std::vector<std::pair<const Option*, const Setting*>> open;
  for (const Setting& setting : found->second) {
    const Option* option = find_option(command_, setting.name);
    if (option != nullptr && is_open(*option)) open.emplace_back(option, &setting);
  }
  for (const auto& [option, setting] : open) {
    Value value{option, {}, place_in(*file_, setting->line)};
    for (const std::string& text : setting->values)
      value.texts.push_back(path_from_file(*option, text, file_->path));
    const bool is_secret = option->kind == Kind::secret ||
                           std::any_of(value.texts.begin(), value.texts.end(), holds_pin);
    if (is_secret && file_->others_can_read) {
      stderr_reporter(false).warning("configuration file " + file_->path + " holds a password (" +
                                     setting->name +
                                     "), and every user of this machine can read it; chmod o-rwx "
                                     "it");
    }
    const char* remark =
        value.texts != setting->values ? note_on_relative_paths(setting->values) : "";
    set(std::move(value), remark);
  }
}

bool Settings::is_open(const Option& option) const {
  if (has(option.name)) return false;
  const auto is_one_given = [&](const auto& ways) {
    return std::find(ways.begin(), ways.end(), option.name) != ways.end() &&
           std::any_of(ways.begin(), ways.end(), [this](std::string_view way) { return has(way); });
  };
  return !is_one_given(password_ways) && !is_one_given(certificate_ways);
}

void Settings::set(Value value, const std::string& remark) {
  const Option& option = *value.option;
  try {
    for (const std::string& text : value.texts)
      check_value(option, text, full_name(command_));
  } catch (const Error& error) {
    throw Error(
        error.kind(), value.place + ": " + error.what(),
        option.kind == Kind::toggle ? "write true or false; 1 and 0 also work" : error.hint());
  }
  std::vector<std::string> shown;
  for (const std::string& text : value.texts)
    if (option.kind != Kind::secret) shown.push_back(without_pin(text));
  remember_origin(std::string(option.name), std::move(shown), value.place + remark);
  values_[option.name] = std::move(value);
}

const Option& Settings::option_of(std::string_view name) const {
  const Option* option = find_option(command_, name);
  if (option == nullptr) throw std::logic_error(cat(full_name(command_), " has no option ", name));
  return *option;
}

std::string Settings::text(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::string(option_of(option).fallback)
                                : found->second.texts.back();
}

bool Settings::is_on(std::string_view option) const {
  return truth(text(option));
}

long Settings::number(std::string_view option) const {
  return parse_number<long>(text(option)).value_or(0);
}

std::chrono::milliseconds Settings::seconds(std::string_view option) const {
  return parse_seconds(text(option)).value_or(std::chrono::milliseconds(0));
}

std::vector<std::string> Settings::all(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::vector<std::string>() : found->second.texts;
}

std::vector<std::string> Settings::own_variables() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : values_)
    if (value.variable.starts_with("ROLECALL_")) names.push_back(value.variable);
  return names;
}

Reporter Settings::reporter() const {
  return stderr_reporter(find_option(command_, "debug") != nullptr && is_on("debug"));
}

std::string Settings::trace() const {
  std::string text;
  for (const auto& [name, value] : values_) {
    if (name == "config" || value.option->kind == Kind::unused) continue;
    text += cat("\n  --", name);
    if (value.option->kind == Kind::source) {
      text += "=" + value.texts.back().substr(0, value.texts.back().find(':')) + ":…";
    } else if (value.option->kind != Kind::secret) {
      for (const std::string& one : value.texts)
        text += "=" + terminal_safe(without_pin(one));
    }
    text += " (" + terminal_safe(value.place) + ")";
  }
  return text;
}

Error Settings::missing(const std::string& flags) const {
  const std::string what = "missing: " + flags;
  const std::string help = full_name(command_) + " --help explains each flag";
  if (bindings_.empty() && !file_->bindings.empty() && takes_bindings(command_)) {
    return {ErrorKind::usage, what,
            "--binding NAME takes what is missing from configuration file " + file_->path +
                ", whose " + (file_->bindings.size() == 1 ? "binding is " : "bindings are ") +
                first_names(file_->bindings)};
  }
  // `bindings`, and `serve` with several bindings, name the binding in their own output.
  const bool is_chosen = chosen_bindings(command_, line_).size() == 1;
  const auto table = file_->lines.find(is_chosen ? "binding." + bindings_.front() : "");
  if (table != file_->lines.end()) {
    return {ErrorKind::usage,
            what + ", which binding " + bindings_.front() + " does not have either (" +
                place_in(*file_, table->second) + ")",
            "add what is missing to " + binding_header(bindings_.front()) +
                ", without the dashes; " + help};
  }
  return {ErrorKind::usage, what,
          (file_->unreadable.empty() ? "" : file_->unreadable + "; ") + help};
}

Settings read_settings(const Command& command, const CommandLine& line, Commands commands) {
  if (command.names == Names::none)
    return {command, line, std::make_shared<const ConfigFile>(), ""};
  warn_of_passwords(line);
  const CommandLine::Given* named = line.find("config");
  const auto file = std::make_shared<const ConfigFile>(
      read_config_file(named == nullptr ? "" : named->texts.back()));
  const KnownNames known(command, commands);
  known.check(*file);
  known.warn_of_unknown_variables();
  const std::vector<std::string> bindings = chosen_bindings(command, line);
  // `bindings` reads the tables of all bindings.
  withhold_secrets(command, line, *file, command.lists_bindings_of ? file->bindings : bindings);
  Settings settings(command, line, file, bindings.size() == 1 ? bindings.front() : std::string());
  settings.reporter().trace(
      [&] { return "flags that do not have their default values:" + settings.trace(); });
  return settings;
}

bool takes_bindings(const Command& command) {
  return find_option(command, "certificate") != nullptr;
}

std::string variable_name(const Command& command, std::string_view option) {
  std::string name = cat(variable_prefix(command), option);
  for (char& c : name) {
    if (c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

std::string option_of_variable(const Command& command, std::string_view variable) {
  const std::string prefix = variable_name(command, "");
  if (!variable.starts_with(prefix)) return {};
  std::string option = lower_case(variable.substr(prefix.size()));
  std::replace(option.begin(), option.end(), '_', '-');
  // A variable's name is in upper case: ROLECALL_role_arn, for example, is not ours.
  return variable_name(command, option) == variable ? option : std::string();
}

}  // namespace rolecall::cli

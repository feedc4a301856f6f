#include "cli/settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/codec.h"
#include "base/pkcs11_uri.h"
#include "cli/environment.h"
#include "cli/file_paths.h"
#include "cli/known_names.h"
#include "cli/origins.h"
#include "cli/similar.h"
#include "cli/ui.h"
#include "cli/withheld.h"
#include "cli/wrong_arguments.h"
#include "rolecall/error.h"
#include "rolecall/secret.h"

namespace rolecall::cli {
namespace {

// Variables of AWS's own tools, behind ours (AWS SDKs and Tools Reference Guide, "Settings").
constexpr std::array<std::pair<std::string_view, const char*>, 3> aws_variables = {{
    {"ca-bundle", "AWS_CA_BUNDLE"},
    {"use-dualstack", "AWS_USE_DUALSTACK_ENDPOINT"},
    {"use-fips", "AWS_USE_FIPS_ENDPOINT"},
}};

// Ways to give one and the same thing: where one of them is given, the others are not looked for
// any further.
constexpr std::array<std::string_view, 3> password_flags = {"password-source", "pkcs8-password",
                                                            "tpm-key-password"};
constexpr std::array<std::string_view, 2> certificate_flags = {"certificate", "cert-selector"};

std::string long_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? std::string() : option.get_lnames().front();
}

struct Value {
  std::vector<std::string> texts;
  std::string place;
  std::string remark = {};  // behind the place
};

std::string variable_prefix(const CLI::App& app) {
  return has_names_of_its_own(app) ? "ROLECALL_EMULATE_" : "ROLECALL_";
}

std::optional<Value> from_environment(const CLI::App& app, const std::string& flag) {
  const std::string variable = variable_name(app, flag);
  std::string value = environment(variable.c_str());
  if (value.empty()) value = take_secret_variable(variable).value_or(Secret()).view();
  if (!value.empty()) return Value{{std::move(value)}, "environment variable " + variable};
  for (const auto& [name, aws_variable] : aws_variables) {
    if (name != flag) continue;
    value = environment(aws_variable);
    if (!value.empty()) {
      return Value{{std::move(value)}, std::string("environment variable ") + aws_variable};
    }
  }
  return std::nullopt;
}

class Application {
 public:
  Application(CLI::App& app, const ConfigFile& file) : app_(app), file_(file) {
    for (CLI::Option* option : app.get_options()) {
      const std::string name = long_name(*option);
      if (name.empty() || name == "help" || name == "config") continue;
      options_[name] = option;
      if (option->count() > 0) origins_[name] = "command line";
    }
  }

  void take_environment() {
    for (const auto& [name, option] : open_options())
      if (auto value = from_environment(app_, name)) set(name, *option, *value);
  }

  void take_table(const std::string& table) {
    const auto found = file_.tables.find(table);
    if (found == file_.tables.end()) return;
    const Open open = open_options();
    for (const Setting& setting : found->second) {
      const auto option = options_.find(setting.name);
      if (option == options_.end()) continue;  // another command's
      if (open.contains(setting.name)) {
        Value value{{}, place_in(file_, setting.line)};
        for (const std::string& text : setting.values)
          value.texts.push_back(path_from_file(*option->second, text, file_.path));
        if (value.texts != setting.values) value.remark = remark_on_paths(setting.values);
        const bool secret = holds_secret(setting.name) ||
                            std::any_of(value.texts.begin(), value.texts.end(), holds_pin);
        if (secret && file_.others_can_read) {
          stderr_reporter(false).warning(
              "configuration file " + file_.path + " holds a password (" + setting.name +
              "), and every user of this machine can read it; chmod o-rwx it");
        }
        set(setting.name, *option->second, value);
      }
    }
  }

  // One line a flag.
  std::string origins() const {
    std::string text;
    for (const auto& [name, place] : origins_) {
      text += "\n  --" + name;
      const CLI::Option& option = *options_.at(name);
      if (name == "password-source") {
        text += "=" + option.results().back().substr(0, option.results().back().find(':')) + ":…";
      } else if (!holds_secret(name) && !option.results().empty()) {
        for (const std::string& value : option.results())
          text += "=" + terminal_safe(without_pin(value));
      }
      text += " (" + terminal_safe(place) + ")";
    }
    return text;
  }

 private:
  using Open = std::map<std::string, CLI::Option*>;

  // The flags that a source may still set.
  Open open_options() const {
    Open open;
    for (const auto& [name, option] : options_)
      if (!origins_.contains(name)) open[name] = option;
    const auto close_where_one_is_given = [this, &open](const auto& ways) {
      const auto is_given = [this](std::string_view way) {
        return origins_.contains(std::string(way));
      };
      if (std::none_of(ways.begin(), ways.end(), is_given)) return;
      for (const std::string_view way : ways)
        open.erase(std::string(way));
    };
    close_where_one_is_given(password_flags);
    close_where_one_is_given(certificate_flags);
    return open;
  }

  void set(const std::string& name, CLI::Option& option, Value& value) {
    const bool is_flag = option.get_expected_max() == 0;
    try {
      for (const std::string& text : value.texts) {
        if (is_flag && !is_truth(text)) {
          throw Error(ErrorKind::usage, "--" + name + " takes true or false, not \"" + text + "\"",
                      "write true or false; 1 and 0 also work");
        }
        option.add_result(text);
      }
      option.run_callback();
    } catch (const Error& error) {
      throw Error(error.kind(), value.place + ": " + error.what(), error.hint());
    }
    origins_[name] = value.place;
    std::vector<std::string> shown;
    for (const std::string& text : value.texts)
      if (!holds_secret(name)) shown.push_back(without_pin(text));
    remember_origin(name, std::move(shown), value.place + value.remark);
    if (!holds_secret(name)) return;
    for (std::string& text : value.texts)
      wipe(text.data(), text.size());
  }

  CLI::App& app_;
  const ConfigFile& file_;
  Open options_;
  std::map<std::string, std::string> origins_;  // by flag: where its value came from
};

void check_binding(const ConfigFile& file, const std::string& binding) {
  if (binding.empty() || file.tables.contains("binding." + binding)) return;
  const std::string what = "there is no binding \"" + binding + "\"";
  if (file.path.empty()) {
    throw Error(ErrorKind::usage,
                what + (file.unreadable.empty() ? ", as " : ", and ") + why_no_file(file),
                hint_for_no_file(file));
  }
  std::string hint = binding.starts_with("binding.") ? "the name stands behind \"binding.\""
                                                     : similar(binding, file.bindings);
  if (hint.empty()) hint = "a binding starts with a line " + binding_header(binding);
  if (!file.unreadable.empty()) hint += "; " + file.unreadable;
  throw Error(ErrorKind::usage, what + " in configuration file " + file.path, hint);
}

// The file that was read last, without its values.
ConfigFile& offered() {
  static ConfigFile last;
  return last;
}

std::string first_names(const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < most; ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  return text + (names.size() > most ? ", … (rolecall bindings lists them)" : "");
}

std::string text_of(const CLI::App& app, const char* flag) {
  const CLI::Option* option = app.get_option_no_throw(flag);
  return option == nullptr || option->count() == 0 ? std::string() : option->as<std::string>();
}

void warn_of_passwords(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const std::vector<std::string>& values = option->results();
    if (std::any_of(values.begin(), values.end(), holds_pin)) {
      stderr_reporter(false).warning(
          "--" + long_name(*option) +
          ": every user of this machine can read its pin-value while the program runs; use "
          "pin-source or --password-source");
    }
    if (!holds_secret(long_name(*option)) || option->count() == 0) continue;
    stderr_reporter(false).warning(
        "--" + long_name(*option) +
        ": every user of this machine can read it while the program runs; use --password-source");
  }
}

Application applied(CLI::App& app, const ConfigFile& file, const std::string& binding) {
  check_binding(file, binding);
  Application application(app, file);
  application.take_environment();
  if (!binding.empty()) application.take_table("binding." + binding);
  application.take_table(command_name(app));
  if (!has_names_of_its_own(app)) application.take_table("");
  check_values(app);
  return application;
}

}  // namespace

bool has_names_of_its_own(const CLI::App& app) {
  // Its --role-arn, --port and the like mean other things than those of all other commands.
  return command_name(app) == "emulate";
}

bool is_truth(const std::string& text) {
  const std::string lower = lower_case(text);
  return lower == "true" || lower == "false" || lower == "1" || lower == "0";
}

std::string command_name(const CLI::App& app) {
  return app.get_name().substr(app.get_name().rfind(' ') + 1);
}

std::string variable_name(const CLI::App& app, const std::string& flag) {
  std::string name = variable_prefix(app) + flag;
  for (char& c : name) {
    if (c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

std::string flag_of_variable(const CLI::App& app, std::string_view variable) {
  const std::string prefix = variable_prefix(app);
  if (!variable.starts_with(prefix)) return {};
  std::string flag = lower_case(variable.substr(prefix.size()));
  std::replace(flag.begin(), flag.end(), '_', '-');
  // The lower case of other letters than those of variables is no name of a flag.
  return variable_name(app, flag) == variable ? flag : std::string();
}

bool holds_secret(std::string_view flag) {
  return flag.ends_with("-password") && !flag.starts_with("no-");
}

void add_settings_flags(CLI::App& app) {
  const auto options =
      app.get_options([](CLI::Option* option) { return !option->get_lnames().empty(); });
  if (options.size() < 2) return;  // --help is one
  const char* group = "Values for these flags";
  const bool own = has_names_of_its_own(app);
  app.add_option("--config")
      ->description(own ? "TOML file, whose table [COMMAND] holds values for these flags; see\n"
                          "rolecall credential-process --help"
                        : "TOML file with values for flags: role-arn = \"arn:…\". Default:\n"
                          "$ROLECALL_CONFIG, else ~/.config/rolecall/config.toml, else\n"
                          "/etc/rolecall/config.toml. Variables come before it, as\n"
                          "ROLECALL_ROLE_ARN for --role-arn")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--quiet")
      ->description("No warnings on standard error; errors are shown")
      ->group(group);
  if (app.get_option_no_throw("--certificate") == nullptr) return;
  CLI::Option* binding = app.add_option("--binding")
                             ->description("Take them from its table [binding.NAME] first")
                             ->type_name("NAME")
                             ->group(group);
  if (command_name(app) == "serve") {
    binding
        ->description(
            "Take them from its table [binding.NAME] first; repeatable, for one\n"
            "daemon with several roles")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
}

Error missing_values(const CLI::App& app, const std::string& flags) {
  const ConfigFile& file = offered();
  const std::string what = "missing: " + flags;
  const std::string help = app.get_name() + " --help explains each flag";
  const std::vector<std::string> chosen = chosen_bindings(app);
  if (chosen.empty() && !file.bindings.empty()) {
    return {ErrorKind::usage, what,
            "--binding NAME takes what is missing from configuration file " + file.path +
                ", whose " + (file.bindings.size() == 1 ? "binding is " : "bindings are ") +
                first_names(file.bindings)};
  }
  // What `bindings` lists has its name beside it.
  const auto table =
      file.lines.find(chosen.size() == 1 && app.get_option_no_throw("--binding") != nullptr
                          ? "binding." + chosen.front()
                          : "");
  if (table != file.lines.end()) {
    return {ErrorKind::usage,
            what + ", which binding " + chosen.front() + " does not have either (" +
                place_in(file, table->second) + ")",
            "add what is missing to " + binding_header(chosen.front()) + ", without the dashes; " +
                help};
  }
  return {ErrorKind::usage, what, (file.unreadable.empty() ? "" : file.unreadable + "; ") + help};
}

bool is_quiet(const CLI::App& app) {
  const CLI::Option* quiet = app.get_option_no_throw("--quiet");
  return quiet != nullptr && quiet->count() > 0 && quiet->as<bool>();
}

std::vector<std::string> chosen_bindings(const CLI::App& app) {
  const CLI::Option* option = app.get_option_no_throw("--binding");
  // To `env` a binding is one of a running serve, whatever the file says.
  if (option == nullptr || app.get_option_no_throw("--certificate") == nullptr) return {};
  if (option->count() > 0) return option->results();
  const std::string name = environment("ROLECALL_BINDING");
  return name.empty() ? std::vector<std::string>() : std::vector<std::string>{name};
}

void apply_settings(CLI::App& app, const ConfigFile& file, const std::string& binding) {
  check_table(app, file, "binding." + binding);
  applied(app, file, binding);
}

ConfigFile apply_settings(CLI::App& app) {
  if (app.get_option_no_throw("--config") == nullptr) return {};
  warn_of_passwords(app);
  ConfigFile file = read_config_file(text_of(app, "--config"));
  check_names(app, file);
  warn_of_unknown_variables(app);
  offered() = {file.path, file.unreadable, false, {}, file.lines, file.bindings};
  const std::vector<std::string> bindings = chosen_bindings(app);
  // `bindings` applies all of them, one after the other.
  const bool reads_all = app.get_option_no_throw("--certificate") == nullptr;
  withhold_secrets(app, file, reads_all ? file.bindings : bindings);
  const Application application =
      applied(app, file, bindings.size() == 1 ? bindings.front() : std::string());
  const CLI::Option* debug = app.get_option_no_throw("--debug");
  stderr_reporter(debug != nullptr && debug->count() > 0 && debug->as<bool>()).trace([&] {
    return "flags that do not have their default values:" + application.origins();
  });
  return file;
}

}  // namespace rolecall::cli

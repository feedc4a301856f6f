#include "options/hidden_secrets.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/pkcs11_uri.h"
#include "options/environment.h"
#include "options/password.h"
#include "options/variable_names.h"
#include "rolecall/error.h"
#include "rolecall/source.h"

namespace rolecall::cli {
namespace {

// Whether the option's value can name a descriptor or a variable from which a secret is read.
bool may_name_secret_source(const Option& option) {
  return option.kind == Kind::input || option.kind == Kind::source;
}

constexpr std::size_t standard_streams = 3;
std::array<bool, standard_streams> hidden_streams{};

// A variable with a misspelled name is not an option's, but may contain a password too. The switch
// ROLECALL_NO_TPM_KEY_PASSWORD does not.
bool has_password_name(std::string_view name) {
  return name.ends_with("_PASSWORD") && !name.starts_with("ROLECALL_NO_");
}

bool is_variable_of_secret(Commands commands, std::string_view name) {
  return std::any_of(commands.begin(), commands.end(), [name](const Command* command) {
    for (const Option* option : all_options(*command))
      if (option->kind == Kind::secret && variable_name(*command, option->name) == name)
        return true;
    return false;
  });
}

// Most runs have no variable that begins with ROLECALL_, and look at no option here.
void hide_password_variables(Commands commands) {
  for (const std::string& name : own_variable_names()) {
    if (name == "ROLECALL_PIN" || has_password_name(name) ||
        is_variable_of_secret(commands, name) || contains_pin(environment(name.c_str()))) {
      take_secret_variable(name);
    }
  }
}

void hide_descriptor(int descriptor) {
  if (descriptor < static_cast<int>(standard_streams)) {
    // Standard output and standard error are hidden only if they are open for reading only: the
    // output of commands must still arrive.
    const int flags = fcntl(descriptor, F_GETFL);
    hidden_streams.at(static_cast<std::size_t>(descriptor)) =
        descriptor == STDIN_FILENO || (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY);
    return;
  }
  const int flags = fcntl(descriptor, F_GETFD);
  if (flags >= 0) fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
}

void hide(const Option& option, const std::string& source) {
  const PasswordSpec spec = parse_password_spec(source);
  if (option.kind == Kind::source && spec.kind == PasswordSpec::Kind::variable) {
    take_secret_variable(std::string(spec.value));
  } else if (Source::kind_of(source) == Source::Kind::stream) {
    try {
      hide_descriptor(Source(source).descriptor());
    } catch (const Error&) {
      return;  // not a number: the error is reported when the value is read
    }
  }
}

}  // namespace

void hide_secrets(const Command& command, Commands commands, const CommandLine& line,
                  const ConfigFile& file, const std::vector<std::string>& bindings) {
  hide_password_variables(commands);
  for (const CommandLine::OptionValues& entry : line.options) {
    if (!may_name_secret_source(*entry.option)) continue;
    for (const std::string& text : entry.values)
      hide(*entry.option, text);
  }
  for (const Option* option : all_options(command)) {
    if (may_name_secret_source(*option))
      hide(*option, environment(variable_name(command, option->name).c_str()));
  }
  std::vector<std::string> tables = {"", std::string(command.name)};
  for (const std::string& binding : bindings)
    tables.push_back("binding." + binding);
  // `bindings` lists bindings, but its options are in the row of credential-process.
  const Command& reader =
      command.lists_bindings_of != nullptr ? *command.lists_bindings_of : command;
  for (const std::string& name : tables) {
    const auto table = file.tables.find(name);
    if (table == file.tables.end()) continue;
    for (const Setting& setting : table->second) {
      const Option* option = find_option(reader, setting.name);
      if (option == nullptr || !may_name_secret_source(*option)) continue;
      for (const std::string& value : setting.values)
        hide(*option, value);
    }
  }
}

void hide_standard_streams() noexcept {
  for (std::size_t i = 0; i < standard_streams; ++i) {
    if (!hidden_streams[i]) continue;
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, static_cast<int>(i));
  }
}

}  // namespace rolecall::cli

#include "cli/withheld.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>

#include "base/files.h"
#include "base/pkcs11_uri.h"
#include "cli/environment.h"
#include "cli/settings.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

// Flags that may name a variable or a descriptor from which a secret is read.
constexpr std::array<std::string_view, 4> source_flags = {"password-source", "private-key",
                                                          "certificate", "intermediates"};

constexpr std::size_t standard_streams = 3;
std::array<bool, standard_streams> withheld_streams{};

// ROLECALL_PKCS8_PASSWORD and the like, but not the switch ROLECALL_NO_TPM_KEY_PASSWORD.
bool is_password_variable(std::string_view name) {
  return name == "ROLECALL_PIN" ||
         (name.ends_with("_PASSWORD") && !name.starts_with("ROLECALL_NO_"));
}

void withhold_password_variables() {
  for (const std::string& name : own_variable_names()) {
    if (is_password_variable(name) || holds_pin(environment(name.c_str())))
      take_secret_variable(name);
  }
}

void withhold_descriptor(int descriptor) {
  if (descriptor < static_cast<int>(standard_streams)) {
    // What a command writes must still arrive.
    const int flags = fcntl(descriptor, F_GETFL);
    withheld_streams.at(static_cast<std::size_t>(descriptor)) =
        descriptor == STDIN_FILENO || (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY);
    return;
  }
  const int flags = fcntl(descriptor, F_GETFD);
  if (flags >= 0) fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
}

void withhold(std::string_view flag, const std::string& source) {
  constexpr std::string_view variable = "env:";
  if (flag == "password-source" && source.starts_with(variable)) {
    take_secret_variable(source.substr(variable.size()));
  } else if (is_stream(source)) {
    try {
      withhold_descriptor(input_descriptor(source));
    } catch (const Error&) {
      return;  // it is no number, which is said when it is read
    }
  }
}

}  // namespace

void withhold_secrets(const CLI::App& app, const ConfigFile& file,
                      const std::vector<std::string>& bindings) {
  withhold_password_variables();
  for (const std::string_view flag : source_flags) {
    const CLI::Option* option = app.get_option_no_throw("--" + std::string(flag));
    if (option == nullptr) continue;
    for (const std::string& value : option->results())
      withhold(flag, value);
    withhold(flag, environment(variable_name(app, std::string(flag)).c_str()));
  }
  std::vector<std::string> tables = {"", command_name(app)};
  for (const std::string& binding : bindings)
    tables.push_back("binding." + binding);
  for (const std::string& name : tables) {
    const auto table = file.tables.find(name);
    if (table == file.tables.end()) continue;
    for (const Setting& setting : table->second) {
      if (std::find(source_flags.begin(), source_flags.end(), setting.name) == source_flags.end())
        continue;
      for (const std::string& value : setting.values)
        withhold(setting.name, value);
    }
  }
}

void withhold_standard_streams() noexcept {
  for (std::size_t i = 0; i < standard_streams; ++i) {
    if (!withheld_streams[i]) continue;
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, static_cast<int>(i));
  }
}

}  // namespace rolecall::cli

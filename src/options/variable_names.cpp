#include "options/variable_names.h"

#include <algorithm>

#include "base/codec.h"
#include "base/text.h"

namespace rolecall::cli {
namespace {

std::string variable_prefix(const Command& command) {
  std::string prefix = "ROLECALL_";
  if (command.settings_scope == SettingsScope::own) prefix += cat(command.name, "_");
  return prefix;
}

}  // namespace

std::string variable_name(const Command& command, std::string_view option) {
  std::string name = upper_case(cat(variable_prefix(command), option));
  std::replace(name.begin(), name.end(), '-', '_');
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

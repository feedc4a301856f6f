#include "commands/child_environment.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "aws_files/precedence.h"
#include "base/time.h"
#include "options/environment.h"

namespace rolecall::cli {
namespace {

// The value of the variable. If it is set several times, the first value that is not empty.
std::string environment_value(std::string_view name) {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (text.size() > name.size() + 1 && text.starts_with(name) && text[name.size()] == '=') {
      return std::string(text.substr(name.size() + 1));
    }
  }
  return {};
}

void add(Secret& block, std::string_view name, std::string_view value) {
  block.append(name);
  block.append("=");
  block.append(value);
  block.append(std::string_view("\0", 1));
}

}  // namespace

std::vector<Variable> credential_variables(const Credentials& credentials) {
  std::vector<Variable> variables;
  variables.push_back({"AWS_ACCESS_KEY_ID", Secret(credentials.access_key_id)});
  variables.push_back({"AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.copy()});
  variables.push_back({"AWS_SESSION_TOKEN", credentials.session_token.copy()});
  variables.push_back({"AWS_CREDENTIAL_EXPIRATION", Secret(rfc3339(credentials.expiration))});
  const std::string account = account_of(credentials);
  if (!account.empty()) variables.push_back({"AWS_ACCOUNT_ID", Secret(account)});
  return variables;
}

std::vector<Variable> region_variables(const std::string& region) {
  const std::string newer = environment_value("AWS_REGION");
  const std::string older = environment_value("AWS_DEFAULT_REGION");
  const std::string& preferred = newer.empty() ? (older.empty() ? region : older) : newer;
  std::vector<Variable> variables;
  variables.push_back({"AWS_REGION", Secret(preferred)});
  variables.push_back({"AWS_DEFAULT_REGION", Secret(older.empty() ? preferred : older)});
  return variables;
}

std::vector<std::string> other_credential_variables() {
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    if (name.size() == text.size() || aws::credential_variable(name) == nullptr) continue;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }
  return names;
}

std::vector<VariableInEffect> other_variables_in_effect() {
  std::vector<VariableInEffect> found;
  for (std::string& name : other_credential_variables()) {
    const aws::CredentialVariable& row = *aws::credential_variable(name);
    if (!row.chooses_profile && environment_value(name).empty()) continue;
    found.push_back({std::move(name), row});
  }
  return found;
}

Secret child_environment(std::vector<Variable> variables, const std::string& region) {
  for (Variable& variable : region_variables(region))
    variables.push_back(std::move(variable));
  Secret block;
  std::set<std::string_view> kept;
  for (const Variable& variable : variables)
    kept.insert(variable.name);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (aws::credential_variable(name) != nullptr || is_for_this_process_only(name)) continue;
    // If a variable is set twice, getenv(3) finds the first value, and other programs find the last
    // one. So only the first is passed on.
    if (kept.insert(name).second) add(block, name, text.substr(equals + 1));
  }
  if (!key_log_for_commands().empty()) add(block, "SSLKEYLOGFILE", key_log_for_commands());
  for (const Variable& variable : variables)
    add(block, variable.name, variable.value.view());
  return block;
}

}  // namespace rolecall::cli

#include "cli/child_environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/time.h"
#include "cli/environment.h"

namespace rolecall::cli {
namespace {

// What SDKs and the AWS CLI take credentials from, choose a profile or a role by, or believe of the
// credentials beside it. The last ones are older SDKs' names.
constexpr std::array<std::string_view, 20> credential_names = {"AWS_ACCESS_KEY_ID",
                                                               "AWS_SECRET_ACCESS_KEY",
                                                               "AWS_SESSION_TOKEN",
                                                               "AWS_CREDENTIAL_EXPIRATION",
                                                               "AWS_ACCOUNT_ID",
                                                               "AWS_CREDENTIAL_SCOPE",
                                                               "AWS_PROFILE",
                                                               "AWS_DEFAULT_PROFILE",
                                                               "AWS_WEB_IDENTITY_TOKEN_FILE",
                                                               "AWS_ROLE_ARN",
                                                               "AWS_ROLE_SESSION_NAME",
                                                               "AWS_CREDENTIALS_EXPIRATION",
                                                               "AWS_SESSION_EXPIRATION",
                                                               "AWS_SECURITY_TOKEN",
                                                               "AWS_ACCESS_KEY",
                                                               "AWS_SECRET_KEY",
                                                               "AWS_CREDENTIAL_FILE",
                                                               "AMAZON_ACCESS_KEY_ID",
                                                               "AMAZON_SECRET_ACCESS_KEY",
                                                               "AMAZON_SESSION_TOKEN"};

// A bearer token (AWS_BEARER_TOKEN_BEDROCK) is taken before any credentials.
bool is_of_credentials(std::string_view name) {
  return name.starts_with("AWS_CONTAINER_") || name.starts_with("AWS_BEARER_TOKEN_") ||
         std::find(credential_names.begin(), credential_names.end(), name) !=
             credential_names.end();
}

// Of several with the same name the first that is not empty.
std::string value_of(std::string_view name) {
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
  const std::string newer = value_of("AWS_REGION");
  const std::string older = value_of("AWS_DEFAULT_REGION");
  const std::string& otherwise = newer.empty() ? (older.empty() ? region : older) : newer;
  std::vector<Variable> variables;
  variables.push_back({"AWS_REGION", Secret(otherwise)});
  variables.push_back({"AWS_DEFAULT_REGION", Secret(older.empty() ? otherwise : older)});
  return variables;
}

std::vector<std::string> other_credential_variables() {
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    if (name.size() == text.size() || !is_of_credentials(name)) continue;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }
  return names;
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
    if (is_of_credentials(name) || is_for_us_alone(name)) continue;
    // Of two with the same name getenv(3) sees the first, and other programs the last.
    if (kept.insert(name).second) add(block, name, text.substr(equals + 1));
  }
  if (!key_log_of_commands().empty()) add(block, "SSLKEYLOGFILE", key_log_of_commands());
  for (const Variable& variable : variables)
    add(block, variable.name, variable.value.view());
  return block;
}

}  // namespace rolecall::cli

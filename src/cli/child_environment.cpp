#include "cli/child_environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

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

Secret child_environment(const std::vector<Variable>& variables, const std::string& region) {
  Secret block;
  std::map<std::string_view, std::string_view> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    const std::string_view value = text.substr(equals + 1);
    const bool is_region = name == "AWS_REGION" || name == "AWS_DEFAULT_REGION";
    if (is_of_credentials(name) || is_for_us_alone(name) || (is_region && value.empty())) continue;
    // Of two with the same name getenv(3) sees the first, and other programs the last.
    if (kept.emplace(name, value).second) add(block, name, value);
  }
  for (const Variable& variable : variables)
    add(block, variable.name, variable.value.view());
  if (kept.contains("AWS_REGION")) return block;
  const auto otherwise = kept.find("AWS_DEFAULT_REGION");
  const bool is_set = otherwise != kept.end();
  add(block, "AWS_REGION", is_set ? otherwise->second : region);
  if (!is_set) add(block, "AWS_DEFAULT_REGION", region);
  return block;
}

}  // namespace rolecall::cli

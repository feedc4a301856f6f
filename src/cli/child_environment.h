// The environment of a program that is to use our credentials and no others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rolecall/credentials.h"

namespace rolecall::cli {

struct Variable {
  std::string_view name;
  Secret value;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION and, where
// it is known, AWS_ACCOUNT_ID (AWS SDKs and Tools Reference Guide, "AWS access keys" and
// "Account-based endpoints").
std::vector<Variable> credential_variables(const Credentials& credentials);

// Ours, each "NAME=value" with a NUL behind it, and no name twice: without what AWS tools would
// take credentials from before or instead of `variables` (AWS_PROFILE, AWS_CONTAINER_…), and with
// these. AWS_REGION, where it is unset or empty, is AWS_DEFAULT_REGION; where that is, too, both
// are `region`.
Secret child_environment(const std::vector<Variable>& variables, const std::string& region);

}  // namespace rolecall::cli

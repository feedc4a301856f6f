// The environment of a program that must use our credentials and no others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws_files/precedence.h"
#include "rolecall/credentials.h"

namespace rolecall::cli {

struct Variable {
  std::string_view name;
  Secret value;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION and, if
// the account is known, AWS_ACCOUNT_ID (AWS SDKs and Tools Reference Guide, "AWS access keys" and
// "Account-based endpoints").
std::vector<Variable> credential_variables(const Credentials& credentials);

// AWS_REGION and AWS_DEFAULT_REGION with their values in our environment. If one is not set or
// empty, it gets the value of the other. If neither is set, both are `region`.
std::vector<Variable> region_variables(const std::string& region);

// The variables in our environment that make AWS tools use other credentials before or instead of
// ours, or choose a profile or a role (AWS_PROFILE, AWS_CONTAINER_…). Without duplicates.
std::vector<std::string> other_credential_variables();

// Those of these variables that are not empty, and their effects. Also variables that choose a
// profile and are empty: with an empty AWS_PROFILE, the AWS CLI searches for a profile without a
// name.
struct VariableInEffect {
  std::string name;
  const aws::CredentialVariable& row;
};
std::vector<VariableInEffect> other_variables_in_effect();

// The credentials in the files of AWS and boto that SDKs use before those of an endpoint, each as
// its location: "aws_access_key_id of [default] in credentials file /x, line 2". A file that does
// not exist, or that this user may not read, contains none. Throws Error (usage) for any other file
// that cannot be read, because other programs may be able to read it.
std::vector<std::string> other_credentials_in_files();

// Variables for SDKs that would read another credentials file than other_credentials_in_files did.
// The SDK for Java 1 has a variable of its own and uses the home directory of the user database.
// The SDK for JavaScript 2 follows AWS_SHARED_CREDENTIALS_FILE only if AWS_SDK_LOAD_CONFIG is set.
std::vector<Variable> credentials_file_variables();

// Our environment without other_credential_variables, with `variables` and with
// region_variables(region). Each entry is "NAME=value" and a NUL character. No name is in it twice.
Secret child_environment(std::vector<Variable> variables, const std::string& region);

}  // namespace rolecall::cli

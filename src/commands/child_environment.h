// The environment of a program that is to use our credentials and no others.
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

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION and, where
// it is known, AWS_ACCOUNT_ID (AWS SDKs and Tools Reference Guide, "AWS access keys" and
// "Account-based endpoints").
std::vector<Variable> credential_variables(const Credentials& credentials);

// AWS_REGION and AWS_DEFAULT_REGION as they are here. One that is unset or empty is the other one;
// if neither is set, both are `region`.
std::vector<Variable> region_variables(const std::string& region);

// The variables that are set here from which AWS tools would take credentials before or instead of
// ours, or choose a profile or a role by (AWS_PROFILE, AWS_CONTAINER_…); each once.
std::vector<std::string> other_credential_variables();

// Those of them that are not empty, and what they do. An empty AWS_PROFILE is among them, since the
// AWS CLI looks for a profile without a name then.
struct VariableInEffect {
  std::string name;
  const aws::CredentialVariable& row;
};
std::vector<VariableInEffect> other_variables_in_effect();

// What the files of AWS and of boto have of credentials that SDKs take before those of an endpoint,
// each with its place: "aws_access_key_id of [default] in credentials file /x, line 2". A file that
// is not there or that this user may not read has none. Throws Error (usage) for any other that
// cannot be read: programs may read it all the same.
std::vector<std::string> other_credentials_in_files();

// For SDKs that would read another credentials file than the one that was looked into above: that
// for Java 1 has a variable of its own and the home directory of the user database, and that for
// JavaScript 2 follows AWS_SHARED_CREDENTIALS_FILE only beside AWS_SDK_LOAD_CONFIG.
std::vector<Variable> credentials_file_variables();

// Ours, each "NAME=value" with a NUL behind it, and no name twice: without those above, with
// `variables` and with region_variables(region).
Secret child_environment(std::vector<Variable> variables, const std::string& region);

}  // namespace rolecall::cli

// Which other credentials take precedence, in AWS SDKs and tools, over the credentials from
// rolecall, or are combined with them. `env`, `exec`, `export` and `configure` all use these
// tables.
#pragma once

#include <span>
#include <string_view>

namespace rolecall::aws {

// An environment variable that gives a program credentials, or chooses a profile or a role, or that
// a program combines with the credentials next to it.
struct CredentialVariable {
  std::string_view name;  // a * at its end stands for any rest of the name
  // The programs in which it takes precedence, as the end of a sentence that begins "takes
  // precedence over …": "in AWS SDKs". Empty if it never does.
  std::string_view precedence_over_endpoint;  // over a container credentials endpoint
  std::string_view precedence_over_profile;   // over the credential_process of a profile
  bool chooses_profile = false;
};

// Returns the row for a variable; nullptr if the variable has nothing to do with credentials.
const CredentialVariable* credential_variable(std::string_view name);

// A setting that gives a profile credentials or a role. It can be in either file, because the AWS
// CLI reads both as one. In the default profile, each of them takes precedence over an endpoint.
struct CredentialSetting {
  std::string_view key;  // a * at its end stands for any rest of the key
  // What it does to the credential_process of the profile in the config file: the rest of a
  // sentence that begins with the setting's place. Empty if it does nothing.
  std::string_view in_credentials_file;
  std::string_view in_config_file;
};

std::span<const CredentialSetting> credential_settings_of_profiles();

// Whether `name` equals `pattern`. If `pattern` ends with *, whether `name` begins with the text
// before the *.
bool is_named(std::string_view name, std::string_view pattern);

// For a setting in [DEFAULT], which no flag of rolecall removes.
inline constexpr std::string_view takes_precedence =
    "takes precedence over credential_process; remove it";

}  // namespace rolecall::aws

// What AWS SDKs and tools take credentials from before, or beside, those that they get from us: the
// one table that `env`, `exec`, `export` and `configure` go by.
#pragma once

#include <span>
#include <string_view>

namespace rolecall::aws {

// A variable of the environment by which a program has credentials, chooses a profile or a role, or
// that it believes of the credentials beside it.
struct CredentialVariable {
  std::string_view name;  // with * at its end: every name that begins so
  // Where it takes precedence, as a sentence goes on after "takes precedence over …": "in AWS
  // SDKs". Empty: nowhere.
  std::string_view over_endpoint;  // over a container credentials endpoint
  std::string_view over_profile;   // over the credential_process of a profile
  bool chooses_profile = false;
};

// The row of a variable; nullptr if it has nothing to do with credentials.
const CredentialVariable* credential_variable(std::string_view name);

// A setting by which a profile has credentials or acts in a role. Either file may hold it: the AWS
// CLI reads both as one. Each takes precedence over an endpoint if it is the default profile's.
struct CredentialSetting {
  std::string_view key;  // with * at its end: every key that begins so
  // What it does to the credential_process that the profile has in the config file, as a sentence
  // goes on after the setting's place. Empty: nothing.
  std::string_view in_credentials_file;
  std::string_view in_config_file;
};

std::span<const CredentialSetting> credential_settings_of_profiles();

// Whether it is that name, or begins as a name with * at its end does.
bool is_named(std::string_view name, std::string_view pattern);

// For a setting that all profiles have, which no flag of ours removes.
inline constexpr std::string_view precedes = "takes precedence over credential_process; remove it";

}  // namespace rolecall::aws

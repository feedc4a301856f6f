#include "aws_files/precedence.h"

#include <algorithm>
#include <array>

namespace rolecall::aws {
namespace {

constexpr std::string_view in_all = "in AWS SDKs";
constexpr std::string_view without_profile = "in AWS SDKs, except in commands with --profile";
constexpr std::string_view in_java_go_ruby =
    "in the AWS SDKs for Java 1, Go and Ruby, and in older tools";
constexpr std::string_view in_javascript_ruby = "in the AWS SDKs for JavaScript 2 and Ruby";
constexpr std::string_view in_ansible = "in Ansible and older tools";
constexpr std::string_view in_python = "in the AWS CLI and the AWS SDK for Python";
constexpr std::string_view in_javascript_2 = "in the AWS SDK for JavaScript 2";

// Sources: AWS SDKs and Tools Reference Guide, "Standardized credential providers"; the source code
// of botocore, of the SDKs for Go 2, Java 1, JavaScript 2 and Ruby 3, of s3cmd and of Ansible. A
// variable with two empty texts counts only together with the credentials that it belongs to. If
// rolecall's credentials are in the environment, it would count together with these.
constexpr std::array variables = std::to_array<CredentialVariable>({
    {"AWS_ACCESS_KEY_ID", in_all, without_profile},
    {"AWS_SECRET_ACCESS_KEY", "", ""},
    {"AWS_SESSION_TOKEN", "", ""},
    {"AWS_SECURITY_TOKEN", "", ""},
    {"AWS_CREDENTIAL_EXPIRATION", "", ""},
    {"AWS_CREDENTIALS_EXPIRATION", "", ""},
    {"AWS_SESSION_EXPIRATION", "", ""},
    {"AWS_ACCOUNT_ID", "", ""},
    {"AWS_CREDENTIAL_SCOPE", "", ""},
    // Older names of keys.
    {"AWS_ACCESS_KEY", in_java_go_ruby, in_java_go_ruby},
    {"AWS_SECRET_KEY", "", ""},
    {"AMAZON_ACCESS_KEY_ID", in_javascript_ruby, in_javascript_ruby},
    {"AMAZON_SECRET_ACCESS_KEY", "", ""},
    {"AMAZON_SESSION_TOKEN", "", ""},
    {"EC2_ACCESS_KEY", in_ansible, in_ansible},
    {"EC2_SECRET_KEY", "", ""},
    {"EC2_SECURITY_TOKEN", "", ""},
    // Files with keys. botocore reads the first one only after all profiles.
    {"AWS_CREDENTIAL_FILE", in_python, ""},
    {"AWS_CREDENTIAL_PROFILES_FILE", "in the AWS SDK for Java 1, if the file has a default profile",
     "in the AWS SDK for Java 1, if the file has the profile too"},
    {"AWS_PROFILE", in_all, without_profile, true},
    {"AWS_DEFAULT_PROFILE", in_all, without_profile, true},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", in_all, without_profile},
    {"AWS_ROLE_ARN", "", ""},
    {"AWS_ROLE_SESSION_NAME", "", ""},
    {"AWS_BEARER_TOKEN_*", "for the AWS service that it names",
     "for the AWS service that it names, in commands with --profile too"},
    // `env` itself replaces or removes these.
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "", in_javascript_2},
    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "", in_javascript_2},
    {"AWS_CONTAINER_*", "", ""},
});

constexpr std::string_view role_precedes =
    "takes precedence over credential_process: that role is assumed instead; remove it, or move it "
    "to a profile of its own with source_profile";
constexpr std::string_view sso_precedes =
    "makes it a profile of IAM Identity Center, which takes precedence over credential_process; "
    "remove all of sso_*";
constexpr std::string_view login_precedes =
    "which aws login writes, takes precedence over credential_process in the AWS CLI and the SDKs "
    "for Python and Go; remove it";

// The same sources as above. botocore and the SDK for Go agree on the order and on login_session,
// but not on static keys in the config file.
constexpr std::array settings = std::to_array<CredentialSetting>({
    {"aws_access_key_id",
     "takes precedence over credential_process; `remove-static-keys` removes it",
     "takes precedence over credential_process in programs of the SDKs for Go and JavaScript, such "
     "as Terraform, though not in the AWS CLI; `remove-static-keys` removes it"},
    {"credential_process", "takes precedence over that of the config file; remove it", ""},
    {"role_arn", role_precedes, role_precedes},
    {"web_identity_token_file", takes_precedence, takes_precedence},
    {"sso_*", sso_precedes, sso_precedes},
    {"login_session", login_precedes, login_precedes},
});

}  // namespace

bool is_named(std::string_view name, std::string_view pattern) {
  if (!pattern.ends_with('*')) return name == pattern;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

const CredentialVariable* credential_variable(std::string_view name) {
  const auto* found = std::find_if(
      variables.begin(), variables.end(),
      [name](const CredentialVariable& variable) { return is_named(name, variable.name); });
  return found == variables.end() ? nullptr : found;
}

std::span<const CredentialSetting> credential_settings_of_profiles() {
  return settings;
}

}  // namespace rolecall::aws

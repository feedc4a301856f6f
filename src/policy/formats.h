// What people apply: policies, or a complete setup, as JSON, Terraform, CloudFormation or commands.
//
// Values from certificates are hostile. Each format quotes them in its own way, and all output is
// ASCII: IAM accepts no character after U+00FF in a policy, except as \u and four hex digits.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "identity/session_tags.h"
#include "policy/setup.h"

namespace rolecall::policy {

// Only the policies. Each text ends with a line feed. The role exists already, except in
// CloudFormation, where a template needs a resource.
std::string json_policies(const Setup& setup);
std::string terraform_policies(const Setup& setup);
std::string cloudformation_policies(const Setup& setup);
std::string cli_policies(const Setup& setup);

// Trust anchor (unless it exists), profile, role and policies.
std::string terraform_setup(const Setup& setup);
std::string cloudformation_setup(const Setup& setup);
std::string cli_setup(const Setup& setup);

// What can go wrong when IAM reads the trust policy. `rewrites_text`: whether the format is one of
// a tool that writes JSON itself.
std::vector<std::string> format_warnings(const Setup& setup, bool rewrites_text);

// The name of trust anchor and profile: the role's, with only characters that they allow.
std::string resource_name(const std::string& role_name);

// The fields of the certificate with the specifiers of the session tags that STS refuses.
using RefusedSpecifiers = std::vector<std::pair<std::string, std::vector<std::string>>>;
RefusedSpecifiers refused_specifiers(const std::vector<identity::SessionTag>& tags);

}  // namespace rolecall::policy

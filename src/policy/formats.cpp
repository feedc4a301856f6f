#include "policy/formats.h"

#include <algorithm>

#include "base/text.h"
#include "policy/documents.h"

namespace rolecall::policy {

std::string json_policies(const Setup& setup) {
  const json trust = trust_policy(setup, setup.trust_anchor_arn);
  if (setup.source_ips.empty()) return lines_of(trust);
  json both = json::object();
  both["trustPolicy"] = trust;
  both["permissionsPolicy"] = source_ip_policy(setup);
  return lines_of(both);
}

std::vector<std::string> format_warnings(const Setup& setup, bool rewrites_text) {
  constexpr std::size_t usual_quota = 2048;  // IAM User Guide, "IAM and STS quotas"
  std::vector<std::string> warnings;
  const std::string trust = to_log_text(trust_policy(setup, setup.trust_anchor_arn));
  if (trust.size() > usual_quota) {
    warnings.push_back(cat("the trust policy has ", trust.size(), " characters, and the quota is ",
                           usual_quota,
                           " unless you raise it: identify the certificate by fewer attributes"));
  }
  const auto is_ascii = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return (c & '\x80') == 0; });
  };
  for (const Condition& one : setup.conditions) {
    if (!rewrites_text || std::all_of(one.values.begin(), one.values.end(), is_ascii)) continue;
    warnings.push_back(
        cat("the value of ", one.key,
            " is not ASCII, and Terraform and CloudFormation write such characters in their own "
            "way, which IAM may refuse or compare differently: `format` json and cli write them as "
            "\\u and four digits"));
  }
  return warnings;
}

std::string resource_name(const std::string& role_name) {
  std::string name = role_name;
  for (char& c : name)
    if (!is_letter_or_digit(c) && c != '_') c = '-';
  return name;
}

RefusedSpecifiers refused_specifiers(const std::vector<identity::SessionTag>& tags) {
  RefusedSpecifiers refused;
  for (const identity::SessionTag& tag : tags) {
    if (identity::tag_fault(tag).empty()) continue;
    if (refused.empty() || refused.back().first != tag.field) refused.push_back({tag.field, {}});
    refused.back().second.push_back(tag.specifier);
  }
  return refused;
}

}  // namespace rolecall::policy

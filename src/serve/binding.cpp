#include "serve/binding.h"

#include <algorithm>

#include "aws/arn.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::serve {

bool is_binding_name(const std::string& name) {
  return name.size() <= 64 && only(name, letters_and_digits, "_-.") && !name.starts_with('.');
}

void check_binding_name(const std::string& name) {
  if (is_binding_name(name)) return;
  throw Error(ErrorKind::usage, "\"" + name + "\" is not a valid name of a binding",
              "use up to 64 letters, digits, \"_\", \"-\" and \".\"; the first must not be \".\"");
}

std::string BindingStatus::expiry_text(aws::Instant now) const {
  if (!issued) return "none";
  return (valid(now) ? "expire at " : "expired at ") + rfc3339(issued->expiration);
}

Binding::Binding(BindingOptions options) : options_(std::move(options)) {
  check_binding_name(options_.name);
  const std::string role = aws::parse_role_arn(options_.session.role_arn).resource;
  role_name_ = role.substr(role.rfind('/') + 1);
  region_ = aws::parse_trust_anchor_arn(options_.session.trust_anchor_arn).region;
}

std::shared_ptr<const Issued> make_issued(const Credentials& credentials,
                                          const std::string& role_arn,
                                          std::chrono::seconds requested_duration,
                                          aws::Instant now) {
  const auto text = [](std::string_view value) { return WipingString(value); };
  const std::string expiration = rfc3339(credentials.expiration);
  // Newer SDKs read the account id; older ones ignore it.
  const std::string account = account_of(credentials);
  SecretJson imds = {
      {"Code", "Success"},
      {"LastUpdated", text(rfc3339(std::chrono::floor<std::chrono::seconds>(now.wall)))},
      {"Type", "AWS-HMAC"},
      {"AccessKeyId", text(credentials.access_key_id)},
      {"SecretAccessKey", text(credentials.secret_access_key.view())},
      {"Token", text(credentials.session_token.view())},
      {"Expiration", text(expiration)}};
  SecretJson container = {{"RoleArn", text(role_arn)},
                          {"AccessKeyId", text(credentials.access_key_id)},
                          {"SecretAccessKey", text(credentials.secret_access_key.view())},
                          {"Token", text(credentials.session_token.view())},
                          {"Expiration", text(expiration)}};
  if (!account.empty()) imds["AccountId"] = container["AccountId"] = text(account);
  Issued issued;
  issued.imds = std::make_shared<const Secret>(to_text(imds));
  issued.container = std::make_shared<const Secret>(to_text(container));
  issued.expiration = credentials.expiration;
  issued.expiry_on_both_clocks = {
      credentials.expiration,
      now.steady + aws::lifetime_of(credentials.expiration, requested_duration, now)};
  return std::make_shared<const Issued>(std::move(issued));
}

}  // namespace rolecall::serve

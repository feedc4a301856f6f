#include "aws/session_request.h"

#include <algorithm>
#include <string_view>

#include "aws/arn.h"
#include "aws/endpoint.h"
#include "base/json.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

constexpr std::chrono::seconds min_duration{900};
constexpr std::chrono::seconds max_duration{43200};

// The rule for RoleSessionName in the AWS STS API Reference, "AssumeRole".
bool is_session_name(std::string_view name) {
  return name.size() >= 2 && name.size() <= 64 && only(name, letters_and_digits, "_+=,.@-");
}

void check_options(const SessionOptions& options) {
  if (options.session_duration < min_duration || options.session_duration > max_duration) {
    throw Error(ErrorKind::usage,
                cat("`session-duration` ", options.session_duration.count(), " is out of range"),
                "use 900 to 43200 seconds (15 minutes to 12 hours)");
  }
  if (!options.role_session_name.empty() && !is_session_name(options.role_session_name)) {
    throw Error(ErrorKind::usage,
                "`role-session-name` \"" + options.role_session_name +
                    "\" is not a name that the service accepts",
                "use 2 to 64 letters, digits and characters of _+=,.@-");
  }
}

struct Scope {
  std::string partition;
  std::string region;
  std::vector<std::string> warnings;
};

// A profile normally lists roles of its own account, so another account is probably a typing error.
std::vector<std::string> account_warnings(const Arn& anchor, const Arn& profile, const Arn& role) {
  std::vector<std::string> warnings;
  const auto compare = [&](const char* option, const Arn& arn) {
    if (arn.account == profile.account) return;
    warnings.push_back(cat(option, " belongs to account ", arn.account,
                           ", but `profile-arn` belongs to account ", profile.account,
                           "; normally both are in the same account"));
  };
  compare("`role-arn`", role);
  compare("`trust-anchor-arn`", anchor);
  return warnings;
}

// The trust anchor's ARN decides. The other ARNs and `region` must agree with it.
Scope common_scope(const SessionOptions& options) {
  const Arn anchor = parse_trust_anchor_arn(options.trust_anchor_arn);
  const Arn profile = parse_profile_arn(options.profile_arn);
  const Arn role = parse_role_arn(options.role_arn);
  const auto disagree = [](const std::string& what, const std::string& value,
                           const std::string& anchor_value, const std::string& hint) {
    throw Error(ErrorKind::usage,
                what + " is " + value + ", but the one of `trust-anchor-arn` is " + anchor_value,
                hint);
  };
  const std::string one_partition = "all three ARNs must be in the same partition";
  if (profile.partition != anchor.partition) {
    disagree("the partition of `profile-arn`", profile.partition, anchor.partition, one_partition);
  }
  if (role.partition != anchor.partition) {
    disagree("the partition of `role-arn`", role.partition, anchor.partition, one_partition);
  }
  if (profile.region != anchor.region) {
    disagree("the region of `profile-arn`", profile.region, anchor.region,
             "the profile and the trust anchor must be in the same region; a role has no region");
  }
  if (!options.region.empty() && options.region != anchor.region) {
    disagree("`region`", options.region, anchor.region,
             "leave `region` out: rolecall then uses the region of the ARN");
  }
  check_region(anchor.partition, anchor.region);
  return {anchor.partition, anchor.region, account_warnings(anchor, profile, role)};
}

}  // namespace

SessionRequest prepare_session(const SessionOptions& options) {
  Scope scope = common_scope(options);
  check_options(options);
  const bool has_endpoint = !options.endpoint.empty();
  if (has_endpoint && (options.use_fips || options.use_dualstack)) {
    throw Error(ErrorKind::usage,
                cat("`endpoint` cannot be used together with ",
                    options.use_fips ? "`use-fips` (AWS_USE_FIPS_ENDPOINT)"
                                     : "`use-dualstack` (AWS_USE_DUALSTACK_ENDPOINT)"),
                "give the FIPS or dual-stack host with `endpoint`, and leave out the other option");
  }
  SessionRequest request;
  request.region = scope.region;
  request.warnings = std::move(scope.warnings);
  request.origin =
      http::parse_origin(has_endpoint ? options.endpoint
                                      : service_endpoint(scope.partition, scope.region,
                                                         options.use_fips, options.use_dualstack));
  request.duration = options.session_duration;
  json body = {{"durationSeconds", options.session_duration.count()},
               {"profileArn", options.profile_arn},
               {"roleArn", options.role_arn}};
  if (!options.role_session_name.empty()) body["roleSessionName"] = options.role_session_name;
  body["trustAnchorArn"] = options.trust_anchor_arn;
  request.body = to_text(body);
  return request;
}

}  // namespace rolecall::aws

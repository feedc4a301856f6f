#include "doctor/arns.h"

#include <utility>

#include "aws/arn.h"
#include "base/text.h"

namespace rolecall::doctor {

Check check_arns(const SessionOptions& session, std::optional<aws::SessionRequest>& request) {
  if (session.role_arn.empty() || session.profile_arn.empty() || session.trust_anchor_arn.empty())
    return skipped("arns",
                   "not all of `role-arn`, `profile-arn` and `trust-anchor-arn` are given "
                   "(see inputs)");
  Findings findings;
  try {
    request = aws::prepare_session(session);
  } catch (const Error& error) {
    findings.fail(error);
    return findings.check("arns");
  }
  for (const std::string& warning : request->warnings)
    findings.warn(warning.substr(0, warning.find(';')),
                  "check the account ids in the ARNs: a profile can only list roles of its own "
                  "account");
  const aws::Arn anchor = aws::parse_trust_anchor_arn(session.trust_anchor_arn);
  const aws::Arn profile = aws::parse_profile_arn(session.profile_arn);
  findings.fact(cat("account ", profile.account, ", partition ", anchor.partition, ", region ",
                    anchor.region, ", endpoint ", request->origin.text()));
  for (const auto& [option, arn] :
       {std::pair("`trust-anchor-arn`", &anchor), std::pair("`profile-arn`", &profile)}) {
    if (arn->resource.starts_with("alias/"))
      findings.fact(cat(option, " is an alias; in IAM policies, only the canonical ARN works"));
  }
  return findings.check("arns");
}

}  // namespace rolecall::doctor

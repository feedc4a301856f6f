// The instance metadata service, version 2, as far as SDKs ask it for credentials and a region (EC2
// User Guide, "Use the Instance Metadata Service to access instance metadata").
#pragma once

#include "serve/answer.h"
#include "serve/tokens.h"

namespace rolecall::serve {

inline constexpr std::string_view imds_root = "/latest/";

// Answers a request for a path below imds_root with what `binding` has at `now`:
//   PUT /latest/api/token; a missing time to live is 21600 s, as the official helper has it
//   GET /latest/meta-data/iam/security-credentials[/], …/ROLE
//   GET /latest/meta-data/placement/region, and the region in
//       /latest/dynamic/instance-identity/document, where some SDKs look
Answer answer_imds(const http::Request& request, const Binding& binding, const ImdsTokens& tokens,
                   aws::Instant now);

}  // namespace rolecall::serve

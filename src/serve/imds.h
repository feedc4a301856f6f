// The instance metadata service, version 2, with the paths where SDKs get credentials and a region
// (EC2 User Guide, "Use the Instance Metadata Service to access instance metadata").
#pragma once

#include "serve/logged_response.h"
#include "serve/tokens.h"

namespace rolecall::serve {

inline constexpr std::string_view imds_root = "/latest/";

// Answers a request for a path below imds_root with the credentials that `binding` has at `now`:
// - PUT /latest/api/token. If the request has no time to live, it is 21600 s, as in the official
//   helper.
// - GET /latest/meta-data/iam/security-credentials[/], …/ROLE
// - GET /latest/meta-data/placement/region
// - GET /latest/dynamic/instance-identity/document, where some SDKs look for the region
LoggedResponse answer_imds(const http::Request& request, const Binding& binding,
                           const ImdsTokens& tokens, aws::Instant now);

}  // namespace rolecall::serve

// AWS Signature Version 4 with an X.509 certificate in place of an access key (IAM Roles Anywhere
// User Guide, "Signing process").
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"
#include "identity/identity.h"

namespace rolecall::aws {

struct SignedRequest {
  http::Headers headers;          // all to send, Host and Authorization among them
  std::string canonical_request;  // these two for --debug and tests
  std::string string_to_sign;
};

// Signs `POST <path>` without a query for the service rolesanywhere. `host` is the value of the
// Host header. Throws what Signer::sign throws.
SignedRequest sign_request(const identity::Identity& identity, const std::string& host,
                           const std::string& path, const std::string& region,
                           const std::string& body, std::chrono::sys_seconds now);

// Trimmed at both ends, inner runs of spaces as one: how a header's value enters the canonical
// request.
std::string canonical_value(std::string_view value);

}  // namespace rolecall::aws

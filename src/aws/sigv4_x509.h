// AWS Signature Version 4 with an X.509 certificate instead of an access key (IAM Roles Anywhere
// User Guide, "Signing process").
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"
#include "identity/identity.h"

namespace rolecall::aws {

struct SignedRequest {
  http::Headers headers;          // all headers to send, including Host and Authorization
  std::string canonical_request;  // this one and string_to_sign are for --debug and tests
  std::string string_to_sign;
};

// Signs `POST <path>` without a query for the service rolesanywhere. `host` is the value of the
// Host header, `region` that of the credential scope, and `now` the time of the signature. Throws
// what Signer::sign throws.
SignedRequest sign_request(const identity::Identity& identity, const std::string& host,
                           const std::string& path, const std::string& region,
                           const std::string& body, std::chrono::sys_seconds now);

// Returns a header's value as the canonical request contains it: trimmed, and each run of spaces
// replaced by one space.
std::string canonical_value(std::string_view value);

}  // namespace rolecall::aws

// Whether a CreateSession request was signed by the key of the certificate that it carries.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/openssl.h"
#include "emulate/sigv4.h"
#include "http/message.h"

namespace rolecall::emulate {

struct SignedRequest {
  X509Ptr leaf;
  Authorization authorization;
  std::string canonical_request_sha256;  // hex
};

// Checks the Authorization header, the date, the headers that must be signed, the serial number and
// the signature over the bytes received (IAM Roles Anywhere User Guide, "Signing process"). Says
// nothing of whether the certificate is to be trusted. Throws Refusal.
SignedRequest verify_signature(const http::Request& request, std::chrono::sys_seconds now);

// What x-amz-x509-chain holds, in its order; empty where it was not sent. Throws Refusal where it
// was sent empty, holds more than 5, or what is not base64 of a DER certificate.
std::vector<X509Ptr> read_chain(const http::Request& request);

}  // namespace rolecall::emulate

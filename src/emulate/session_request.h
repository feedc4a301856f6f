// Checks that a CreateSession request was signed with the key of the certificate in the request.
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
  std::string canonical_request_sha256;  // in hex
};

// Checks the Authorization header, the date, the headers that must be signed, the serial number,
// and the signature over the bytes that were received (IAM Roles Anywhere User Guide, "Signing
// process"). Does not check whether the certificate is trusted. Throws ErrorResponse.
SignedRequest verify_signature(const http::Request& request, std::chrono::sys_seconds now);

// The certificates of x-amz-x509-chain, in its order. Empty if the header was not sent. Throws
// ErrorResponse if the header is empty, has more than 5 certificates, or has a part that is not a
// DER certificate in base64.
std::vector<X509Ptr> read_chain(const http::Request& request);

}  // namespace rolecall::emulate

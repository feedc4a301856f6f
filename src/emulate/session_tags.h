// The session tags that IAM Roles Anywhere makes of a certificate (User Guide, "Certificate
// attribute mapping", the default mapping), as far as STS takes them.
#pragma once

#include <string>

#include "base/openssl.h"

namespace rolecall::emulate {

// Throws Refusal where an attribute of the subject, the issuer or the SAN cannot be a session tag's
// value, in the words of the service.
void check_session_tags(X509* leaf, const std::string& role_arn);

}  // namespace rolecall::emulate

// The session tags that IAM Roles Anywhere makes from a certificate (User Guide, "Certificate
// attribute mapping", the default mapping), and whether STS accepts them.
#pragma once

#include <string>

#include "base/openssl.h"

namespace rolecall::emulate {

// Throws ErrorResponse, with the text of the service, if an attribute of the subject, the issuer or
// the SAN cannot be the value of a session tag.
void check_session_tags(X509* leaf, const std::string& role_arn);

}  // namespace rolecall::emulate

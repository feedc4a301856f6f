// The session tags that IAM Roles Anywhere makes from a certificate (User Guide, "Certificate
// attribute mapping", the default mapping), and whether STS accepts them.
#pragma once

#include <map>
#include <string>

#include "base/openssl.h"

namespace rolecall::emulate {

// Names such as "x509Subject/CN", and values in UTF-8.
using SessionTags = std::map<std::string, std::string>;

// Throws ErrorResponse, with the text of the service, if an attribute of the subject, the issuer or
// the SAN cannot be the value of a session tag.
SessionTags session_tags(X509* leaf, const std::string& role_arn);

}  // namespace rolecall::emulate

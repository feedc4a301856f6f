// Distinguished names as people and programs write them.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rolecall::identity {

// The attributes of a name, sorted. Each has its type as a dotted OID and its value in UTF-8. If
// the value is not text, it is "#" and the DER in hex.
using NameParts = std::vector<std::pair<std::string, std::string>>;

NameParts parts_of(const X509_NAME* name);

// Parses a name in any of these forms: RFC 2253 ("CN=app,O=A\, B"), OpenSSL ("O = A, CN = app", O =
// "A, B"), Windows ("E=a@b, CN=app"), and names with unknown attributes as "1.2.3=#0c0141". The
// parts are sorted because programs write names in either order and group attributes in different
// ways. A comma belongs to the value unless "TYPE=" follows it. An unknown attribute gets an empty
// OID, so it never equals an attribute of a certificate.
NameParts parse_name(std::string_view text);

}  // namespace rolecall::identity

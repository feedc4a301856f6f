// Distinguished names as people and programs write them.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rolecall::identity {

// The attributes of a name, sorted: its type as a dotted OID, its value in UTF-8 ("#" and DER in
// hex where it is no text).
using NameParts = std::vector<std::pair<std::string, std::string>>;

NameParts parts_of(const X509_NAME* name);

// Reads RFC 2253 ("CN=app,O=A\, B"), the forms of OpenSSL ("O = A, CN = app", O = "A, B") and of
// Windows ("E=a@b, CN=app"), and those that write what they do not know as "1.2.3=#0c0141".
// Programs turn names round and group attributes in several ways, so that the parts are sorted. A
// comma without "TYPE=" behind it belongs to the value. An attribute that is not known has no OID,
// and so is equal to that of no certificate.
NameParts parse_name(std::string_view text);

}  // namespace rolecall::identity

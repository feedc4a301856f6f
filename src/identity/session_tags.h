// The session tags and the source identity that the service creates from a certificate, and which
// tags STS refuses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::identity {

struct SessionTag {
  std::string field;      // "x509Subject", "x509Issuer" or "x509SAN"
  std::string specifier;  // "CN", "DNS", "Name/OU", …: its name in an attribute mapping
  std::string value;      // UTF-8; several values of one attribute are joined by "/"

  std::string key() const { return field + "/" + specifier; }
};

// Returns the tags that the default attribute mapping of a profile creates: all attributes of
// subject and issuer; and of the SAN, the first DNS name, the first URI and the first directory
// name (IAM Roles Anywhere User Guide, "Certificate attribute mapping").
std::vector<SessionTag> session_tags(const Certificate& leaf);

// Returns the name of the certificate's sessions, unless a request asks for another one: the serial
// number in hex, with an even count of digits in lower case.
std::string session_name(const Certificate& leaf);

// Returns the source identity of the certificate's sessions: "CN=app". If that would have more than
// 64 characters, only the CN. If the subject has no CN, "ID=" and the serial number in hex. If it
// has several, the first one counts here; AWS does not document which one the service takes.
std::string source_identity(const Certificate& leaf);

// Says why STS refuses the tag, such as `has "&"`. Empty if STS accepts it (STS API Reference,
// Tag).
std::string tag_fault(const SessionTag& tag);

// Lists the tags of `leaf` that STS refuses, and says what to do. Empty if STS accepts all tags.
std::string refused_tags(const Certificate& leaf);

// Says what to do about tags that STS refuses. Uses only `field` and `specifier` of each tag.
std::string remedy_for(const std::vector<SessionTag>& tags);

}  // namespace rolecall::identity

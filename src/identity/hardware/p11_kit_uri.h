// PKCS#11 URIs (RFC 7512), which p11-kit parses.
#pragma once

#include <memory>
#include <string>

#include "rolecall/secret.h"

struct p11_kit_uri;

namespace rolecall::identity::pkcs11 {

// A pkcs11: URI from the user.
struct Uri {
  std::shared_ptr<p11_kit_uri> parsed;
  std::string text;  // for messages; without pin-value
  // The next three are from the query of the URI; empty if they are not in it.
  std::string module_path;
  std::string pin_source;
  Secret pin_value;
};

// Parses a URI. Throws Error (usage) if `text` is not a PKCS#11 URI, or if p11-kit is not
// installed. Attributes that RFC 7512 does not define are also refused, because such a URI would
// match nothing.
Uri parse_uri(const std::string& text);

}  // namespace rolecall::identity::pkcs11

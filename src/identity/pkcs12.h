// PKCS#12 files (RFC 7292): a private key with its certificates.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/openssl.h"
#include "identity/certificate.h"
#include "rolecall/identity_options.h"

namespace rolecall::identity {

struct Pkcs12 {
  EvpPkeyPtr key;
  std::vector<Certificate> certificates;  // in the file's order, which tells nothing
};

// Which one of several keys.
struct Pkcs12Choice {
  std::string entry = {};  // its friendlyName, or its certificate's or that one's subject; or empty
  // The certificates that it is for; nullptr: those of the file.
  const std::vector<Certificate>* certificates = nullptr;
};

// Every certificate and one private key: of several the one that `choice` names, or that alone has
// a certificate. Tries no password and an empty one, which programs encode differently, before it
// asks `password`. `name` is the file's for messages. Throws Error (usage) as private_key_in does,
// for several keys that may be meant, and where there is no certificate.
Pkcs12 read_pkcs12(std::string_view bytes, const std::string& name, const PasswordSource& password,
                   const Pkcs12Choice& choice = {}, Deadline* deadline = nullptr);

}  // namespace rolecall::identity

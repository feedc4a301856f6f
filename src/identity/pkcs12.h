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
  std::vector<Certificate> certificates;  // in the order of the file, which has no meaning
};

// Which key to use if the file has several.
struct Pkcs12Choice {
  // The friendlyName of the key or of its certificate, or the subject of its certificate; may be
  // empty.
  std::string entry = {};
  // The key must match one of these certificates; nullptr: one of those in the file.
  const std::vector<Certificate>* certificates = nullptr;
};

// Reads every certificate and one private key. If there are several keys, the result is the key
// that `choice` names, or the only one with a certificate. Before it asks `password`, it tries
// without a password and with an empty one, because programs encode the two differently. `name` is
// the name of the file, for messages. Throws Error (usage) as private_key_in does, if several keys
// are possible, and if there is no certificate.
Pkcs12 read_pkcs12(std::string_view bytes, const std::string& name, const PasswordSource& password,
                   const Pkcs12Choice& choice = {}, Deadline* deadline = nullptr);

}  // namespace rolecall::identity

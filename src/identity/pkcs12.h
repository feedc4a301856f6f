// PKCS#12 files (RFC 7292): a private key with its certificates.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/openssl.h"
#include "identity/certificate.h"
#include "rolecall/identity_options.h"

namespace rolecall::identity {

struct Pkcs12 {
  EvpPkeyPtr key;
  std::vector<Certificate> certificates;  // in the file's order, which tells nothing
};

// By its first bytes, in DER or BER.
bool is_pkcs12(std::string_view bytes);

// Every certificate and the one private key. Tries no password and an empty one, which programs
// encode differently, before it asks `password`. `name` is the file's for messages. Throws Error
// (usage) as private_key_in does, and where there is no certificate.
Pkcs12 read_pkcs12(std::string_view bytes, const std::string& name, const PasswordSource& password);

}  // namespace rolecall::identity

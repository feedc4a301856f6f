// Estimates how long it takes to derive a key from a password, before it is derived. The file
// decides how often a hash is repeated, and OpenSSL cannot stop a derivation once it has started.
#pragma once

#include <openssl/pkcs12.h>

#include <string>

#include "base/deadline.h"

namespace rolecall::identity {

// `algorithm` is the algorithm that a file is encrypted with: PBES2 (PBKDF2, scrypt), PBES1 or one
// of PKCS#12. `name` is the name of the file, for messages. Throws Error: usage if the derivation
// would take longer than the time left until `deadline`, try_later if `deadline` has passed.
// nullptr means no limit.
void check_derivation(const X509_ALGOR* algorithm, const std::string& name,
                      const Deadline* deadline);

// The same for the MAC of a PKCS#12 file. Does nothing if the file has no MAC.
void check_mac_derivation(const PKCS12* file, const std::string& name, const Deadline* deadline);

}  // namespace rolecall::identity

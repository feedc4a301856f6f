// How long it takes to make a key of a password, known before it is done: a file says how many
// times its hash is to be repeated, and a derivation that has begun cannot be ended.
#pragma once

#include <openssl/pkcs12.h>

#include <string>

#include "base/deadline.h"

namespace rolecall::identity {

// `algorithm` is what a file is encrypted with: PBES2 (PBKDF2, scrypt), PBES1, or one of PKCS#12.
// Throws Error (usage) if its derivation would take longer than `deadline` leaves (nullptr: as long
// as it likes). `name` is the file's.
void check_derivation(const X509_ALGOR* algorithm, const std::string& name,
                      const Deadline* deadline);

// That of the MAC of a PKCS#12 file, which has one.
void check_mac_derivation(const PKCS12* file, const std::string& name, const Deadline* deadline);

}  // namespace rolecall::identity

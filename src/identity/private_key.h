// Private keys in PEM files: PKCS#8 (RFC 5208), PKCS#1 (RFC 8017), SEC1 (RFC 5915); encrypted ones
// as PKCS#8 with PBES2 or PBES1 (RFC 8018) and in the traditional form (RFC 1421's headers).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/openssl.h"
#include "identity/decryption.h"
#include "identity/pem.h"

namespace rolecall::identity {

// The one private key among the blocks of a file; other blocks (certificates, EC PARAMETERS) are
// skipped. RSA of 2048 to 8192 bits, P-256, P-384, P-521. `password` is asked where it is
// encrypted. Throws Error (usage) that tells apart: no key, several, encrypted without a password
// to try or so that `deadline` (nullptr: none) would pass before it is decrypted, wrongly
// decrypted, encrypted in a way that OpenSSL does not know, of a kind that is not supported,
// damaged, too short or too long.
EvpPkeyPtr private_key_in(const std::vector<PemBlock>& blocks, const std::string& name,
                          const PasswordSource& password = {}, Deadline* deadline = nullptr);

// The one block of a private key, whatever its kind. Throws Error (usage) for none and for several.
const PemBlock& private_key_block(const std::vector<PemBlock>& blocks, const std::string& name);

// The key inside an encrypted PKCS#8 structure, or nullptr and why not in `result`. Throws Error
// (usage) where it is of a kind that OpenSSL has not got; `name` is for that.
EvpPkeyPtr decrypt_pkcs8(const X509_SIG* encrypted, OSSL_LIB_CTX* library,
                         std::string_view password, const std::string& name, Decryption& result);

}  // namespace rolecall::identity

// Private keys in PEM files: PKCS#8 (RFC 5208), PKCS#1 (RFC 8017), SEC1 (RFC 5915). Encrypted keys
// can be PKCS#8 with PBES2 or PBES1 (RFC 8018), or have the traditional form with the headers of
// RFC 1421.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/openssl.h"
#include "identity/decryption.h"

namespace rolecall::identity {

struct PemBlock;

// Returns the only private key among the blocks of a file. Other blocks (certificates, EC
// PARAMETERS) are ignored. The key must be RSA with 2048 to 8192 bits, P-256, P-384, P-521 or
// ML-DSA. `name` is the name of the file, for messages. `password` is asked only if the key is
// encrypted.
//
// Throws Error (usage) if there is no key, or more than one; if the key is damaged, or of another
// kind or size; if no password was given, or no password was right; if OpenSSL does not support the
// encryption; or if decryption would take longer than the time left until `deadline` (nullptr: no
// limit). Each has its own message.
EvpPkeyPtr private_key_in(const std::vector<PemBlock>& blocks, const std::string& name,
                          const PasswordSource& password = {}, Deadline* deadline = nullptr);

// Returns the only block with a private key, whatever the kind of the key. Throws Error (usage) if
// there is no such block, or more than one.
const PemBlock& private_key_block(const std::vector<PemBlock>& blocks, const std::string& name);

// Returns the key in a PKCS#8 structure, or nullptr if it is damaged. Throws Error (usage) if
// OpenSSL does not support the kind of the key. `name` is the name of the file, for messages.
EvpPkeyPtr key_in_pkcs8(const PKCS8_PRIV_KEY_INFO* info, const std::string& name);

// Returns the key inside an encrypted PKCS#8 structure. If it cannot be decrypted, returns nullptr
// and sets `result` to the reason. Throws Error (usage) if OpenSSL does not support the kind of the
// key. `name` is the name of the file, for messages.
EvpPkeyPtr decrypt_pkcs8(const X509_sig_st* encrypted, OSSL_LIB_CTX* library,
                         std::string_view password, const std::string& name, Decryption& result);

}  // namespace rolecall::identity

// Private keys in PEM files: PKCS#8 (RFC 5208), PKCS#1 (RFC 8017), SEC1 (RFC 5915).
#pragma once

#include <string>
#include <vector>

#include "base/openssl.h"
#include "identity/pem.h"

namespace rolecall::identity {

// The one private key among the blocks of a file; other blocks (certificates, EC PARAMETERS) are
// skipped. RSA of 2048 to 8192 bits, P-256, P-384, P-521. Throws Error (usage) that tells apart: no
// key, several, encrypted, of a kind that is not supported, damaged, too short or too long.
EvpPkeyPtr private_key_in(const std::vector<PemBlock>& blocks, const std::string& name);

// "RSA 2048", "P-256", …: for messages.
std::string describe_key(const EVP_PKEY* key);

}  // namespace rolecall::identity

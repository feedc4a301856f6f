// Private keys on PKCS#11 tokens.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "identity/certificate.h"
#include "identity/hardware/pkcs11.h"
#include "identity/hardware/pkcs11_pin.h"
#include "identity/signer.h"

namespace rolecall::identity::pkcs11 {

// Returns the public key of a private key on a token. The token stores it in the private key itself
// (RSA), or in a public key object with the same CKA_ID (if the id is empty: the same label).
// nullptr if the token does not provide it.
EvpPkeyPtr stored_public_key(const Token& token, const Object& key);

// Returns false if one of the two is nullptr.
bool same_key(const EVP_PKEY* a, const EVP_PKEY* b);

// A private key that is ready to sign: the program is logged in to its token.
struct OpenKey {
  Token token;
  Object object;
  Pins pins;
};

// Starts the module again and opens the key with this URI. If several keys have this URI, opens the
// one that belongs to the public key `public_key` (nullptr: unknown). Throws TokenLost if the key
// is not there.
OpenKey reopen(const std::string& module, const std::string& uri, EVP_PKEY* public_key, Pins pins);

// Makes a signer that signs on the token: RSA with CKM_SHA256_RSA_PKCS (or 384, 512), or with
// CKM_RSA_PKCS if the token does not support that; EC with CKM_ECDSA. If the token is gone, the
// signer closes the key and opens it again with `reopen`, once for each signature. If that does not
// help, the signature throws TokenLost. `public_key` may be nullptr.
std::unique_ptr<Signer> make_token_signer(OpenKey key, EvpPkeyPtr public_key,
                                          std::function<OpenKey()> reopen);

// For a key whose public key is unknown: makes a signature and returns the public key in
// `public_keys` that verifies it. nullptr if none does, or if the key cannot sign.
EvpPkeyPtr proven_public_key(OpenKey& key, const std::vector<EVP_PKEY*>& public_keys);

}  // namespace rolecall::identity::pkcs11

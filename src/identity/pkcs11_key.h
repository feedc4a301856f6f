// Private keys on PKCS#11 tokens.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "identity/certificate.h"
#include "identity/pkcs11.h"
#include "identity/pkcs11_pin.h"
#include "identity/signer.h"

namespace rolecall::identity::pkcs11 {

// The public half of a private key as its token tells it: by the key itself (RSA), or by the public
// key beside it that has the same CKA_ID, or where there is none the same label. nullptr where the
// token does not tell.
EvpPkeyPtr public_half(const Token& token, const Object& key);

// A key that was opened: its token is logged in.
struct OpenKey {
  Token token;
  Object object;
  Pins pins;
};

// Signs on the token: RSA with CKM_SHA256_RSA_PKCS (or 384, 512) or, where the token has not got
// it, with CKM_RSA_PKCS; EC with CKM_ECDSA. Where the token is gone the key is closed, and opened
// anew by `reopen`, once a signature; then TokenGone. `public_key` may be nullptr.
std::unique_ptr<Signer> make_signer(OpenKey key, EvpPkeyPtr public_key,
                                    std::function<OpenKey()> reopen);

// For keys without a known public half: that of the certificates whose key a signature fits;
// nullptr where it fits none.
EvpPkeyPtr proven_half(OpenKey& key, const std::vector<Certificate>& certificates);

}  // namespace rolecall::identity::pkcs11

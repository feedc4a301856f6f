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

// The public half of a private key as its token tells it: by the key itself (RSA), or by the public
// key beside it that has the same CKA_ID, or where there is none the same label. nullptr where the
// token does not tell.
EvpPkeyPtr public_half(const Token& token, const Object& key);

// false where one is not known.
bool same_key(const EVP_PKEY* a, const EVP_PKEY* b);

// A key that was opened: its token is logged in.
struct OpenKey {
  Token token;
  Object object;
  Pins pins;
};

// The key with this URI, of a module that is started anew; where the URI does not tell it from
// others, that of `half` (nullptr: not known). Throws TokenGone where it is not there.
OpenKey reopen(const std::string& module, const std::string& uri, EVP_PKEY* half, Pins pins);

// Signs on the token: RSA with CKM_SHA256_RSA_PKCS (or 384, 512) or, where the token has not got
// it, with CKM_RSA_PKCS; EC with CKM_ECDSA. Where the token is gone the key is closed, and opened
// anew by `reopen`, once a signature; then TokenGone. `public_key` may be nullptr.
std::unique_ptr<Signer> make_signer(OpenKey key, EvpPkeyPtr public_key,
                                    std::function<OpenKey()> reopen);

// For keys without a known public half: that of these which a signature fits; nullptr where it fits
// none, or the key does not sign.
EvpPkeyPtr proven_half(OpenKey& key, const std::vector<EVP_PKEY*>& halves);

}  // namespace rolecall::identity::pkcs11

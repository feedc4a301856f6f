// What can sign with a private key, wherever that key lives.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/openssl.h"

namespace rolecall::identity {

enum class KeyAlgorithm { rsa, ecdsa };

class Signer {
 public:
  Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  virtual ~Signer() = default;

  virtual KeyAlgorithm algorithm() const = 0;

  // Signs the SHA-256 of `message`: RSASSA-PKCS1-v1_5, or ECDSA with a DER-encoded result, for
  // every key size and curve (IAM Roles Anywhere User Guide, "Signing process"). Returns raw bytes.
  // Throws Error (failed).
  virtual std::string sign(std::string_view message) const = 0;
};

// A signer over any private key that OpenSSL holds.
std::unique_ptr<Signer> make_signer(EvpPkeyPtr key);

}  // namespace rolecall::identity

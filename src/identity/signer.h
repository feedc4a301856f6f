// What can sign with a private key, wherever that key lives.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/openssl.h"

namespace rolecall::identity {

enum class KeyAlgorithm { rsa, ecdsa };
enum class Digest { sha256, sha384, sha512 };

// For one thread at a time.
class Signer {
 public:
  Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  virtual ~Signer() = default;

  virtual KeyAlgorithm algorithm() const = 0;

  // The key's public half: PKCS #1 DER (RFC 8017, A.1.1) for RSA, the uncompressed point (SEC 1,
  // 2.3.3) for EC. Throws Error (failed).
  virtual std::string public_key() const = 0;

  // Signs the digest of `message`: RSASSA-PKCS1-v1_5, or ECDSA with a DER-encoded result, for every
  // key size and curve. The service wants SHA-256 (IAM Roles Anywhere User Guide, "Signing
  // process"). Returns raw bytes. Throws Error (failed).
  virtual std::string sign(std::string_view message, Digest digest) const = 0;
  std::string sign(std::string_view message) const { return sign(message, Digest::sha256); }
};

// A signer over any private key that OpenSSL holds. For a key of a provider: `library`, where it
// lives, and `explain`, which throws what OpenSSL's error queue means where a signature fails.
std::unique_ptr<Signer> make_signer(EvpPkeyPtr key, std::shared_ptr<OSSL_LIB_CTX> library = {},
                                    std::function<void()> explain = {});

// What Signer::public_key and sign are made of.
std::string public_key_bytes(const EVP_PKEY* key);
const EVP_MD* evp_digest(Digest digest);
const char* digest_name(Digest digest);  // OpenSSL's

}  // namespace rolecall::identity

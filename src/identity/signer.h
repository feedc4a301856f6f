// Signs with a private key, wherever the key is: in a file, on a token or in a TPM.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/openssl.h"

namespace rolecall::identity {

enum class KeyAlgorithm { rsa, ecdsa, ml_dsa };
enum class Digest { sha256, sha384, sha512 };

// Not thread-safe: only one thread at a time may use a signer.
class Signer {
 public:
  Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  virtual ~Signer() = default;

  virtual KeyAlgorithm algorithm() const = 0;

  // The public key: for RSA, PKCS #1 in DER (RFC 8017, A.1.1); for EC, the uncompressed point (SEC
  // 1, 2.3.3); for ML-DSA, the bytes of FIPS 204. Throws Error (failed).
  virtual std::string public_key() const = 0;

  // Hashes `message` with `digest` and signs the hash. Returns the bytes of the signature:
  // RSASSA-PKCS1-v1_5, or ECDSA in DER. The service requires SHA-256 for every key size and curve
  // (IAM Roles Anywhere User Guide, "Signing process"). An ML-DSA key signs `message` itself, with
  // an empty context (FIPS 204, 5.2): `digest` does not apply. Throws Error (failed).
  virtual std::string sign(std::string_view message, Digest digest) const = 0;
  std::string sign(std::string_view message) const { return sign(message, Digest::sha256); }
};

// Makes a signer for a private key that OpenSSL holds. The last two arguments are for a key of a
// provider: `library` is the library context of the key. `explain` is called if a signature fails,
// and throws an Error that says what OpenSSL's error queue means.
std::unique_ptr<Signer> make_openssl_signer(EvpPkeyPtr key,
                                            std::shared_ptr<OSSL_LIB_CTX> library = {},
                                            std::function<void()> explain = {});

// What implementations of Signer share.
std::string public_key_bytes(const EVP_PKEY* key);
const EVP_MD* evp_digest(Digest digest);
const char* digest_name(Digest digest);  // OpenSSL's

}  // namespace rolecall::identity

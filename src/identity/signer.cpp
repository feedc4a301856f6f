#include "identity/signer.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include "base/ml_dsa.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

// Made from the coordinates, because i2d_PublicKey returns the point in the form of the key file,
// which can be compressed.
std::string uncompressed_point(const EVP_PKEY* key) {
  const auto field_bytes = static_cast<std::size_t>((EVP_PKEY_get_bits(key) + 7) / 8);
  std::string point(1, '\x04');
  for (const char* name : {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y}) {
    BIGNUM* found = nullptr;
    const int got = EVP_PKEY_get_bn_param(key, name, &found);
    const BignumPtr coordinate(found);
    std::string bytes(field_bytes, '\0');
    if (got != 1 || BN_bn2binpad(coordinate.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                 static_cast<int>(field_bytes)) < 0) {
      return {};
    }
    point += bytes;
  }
  return point;
}

std::string pkcs1(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PublicKey(key, &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string raw_public_key(const EVP_PKEY* key) {
  std::size_t size = 0;
  if (EVP_PKEY_get_raw_public_key(key, nullptr, &size) != 1) return {};
  std::string bytes(size, '\0');
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()), &size) !=
      1) {
    return {};
  }
  return bytes;
}

KeyAlgorithm algorithm_of(const EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_RSA) return KeyAlgorithm::rsa;
  return kind == EVP_PKEY_EC || ml_dsa_name(key).empty() ? KeyAlgorithm::ecdsa
                                                         : KeyAlgorithm::ml_dsa;
}

class EvpSigner final : public Signer {
 public:
  EvpSigner(EvpPkeyPtr key, std::shared_ptr<OSSL_LIB_CTX> library, std::function<void()> explain)
      : library_(std::move(library)), key_(std::move(key)), explain_(std::move(explain)) {}

  KeyAlgorithm algorithm() const override { return algorithm_of(key_.get()); }

  std::string public_key() const override { return public_key_bytes(key_.get()); }

  using Signer::sign;
  std::string sign(std::string_view message, Digest digest) const override {
    const EvpMdCtxPtr context(EVP_MD_CTX_new());
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
    std::size_t size = signature.size();
    const char* digest_used = algorithm() == KeyAlgorithm::ml_dsa ? nullptr : digest_name(digest);
    // For a plain RSA key, OpenSSL's default padding is PKCS #1 v1.5, which the service requires.
    if (!context ||
        EVP_DigestSignInit_ex(context.get(), nullptr, digest_used, library_.get(), nullptr,
                              key_.get(), nullptr) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) != 1) {
      if (explain_) explain_();
      throw Error(ErrorKind::failed, "the private key does not sign: " + openssl_error());
    }
    signature.resize(size);
    return signature;
  }

 private:
  std::shared_ptr<OSSL_LIB_CTX> library_;  // must outlive the key
  EvpPkeyPtr key_;
  std::function<void()> explain_;
};

}  // namespace

const EVP_MD* evp_digest(Digest digest) {
  if (digest == Digest::sha384) return EVP_sha384();
  return digest == Digest::sha512 ? EVP_sha512() : EVP_sha256();
}

const char* digest_name(Digest digest) {
  return EVP_MD_get0_name(evp_digest(digest));
}

std::string public_key_bytes(const EVP_PKEY* key) {
  const KeyAlgorithm algorithm = algorithm_of(key);
  std::string bytes = algorithm == KeyAlgorithm::rsa      ? pkcs1(key)
                      : algorithm == KeyAlgorithm::ml_dsa ? raw_public_key(key)
                                                          : uncompressed_point(key);
  if (bytes.empty()) {
    throw Error(ErrorKind::failed, "the private key has no public key: " + openssl_error());
  }
  return bytes;
}

std::unique_ptr<Signer> make_openssl_signer(EvpPkeyPtr key, std::shared_ptr<OSSL_LIB_CTX> library,
                                            std::function<void()> explain) {
  return std::make_unique<EvpSigner>(std::move(key), std::move(library), std::move(explain));
}

}  // namespace rolecall::identity

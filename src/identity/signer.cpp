#include "identity/signer.h"

#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

class EvpSigner final : public Signer {
 public:
  explicit EvpSigner(EvpPkeyPtr key) : key_(std::move(key)) {}

  KeyAlgorithm algorithm() const override {
    return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA ? KeyAlgorithm::rsa
                                                            : KeyAlgorithm::ecdsa;
  }

  std::string sign(std::string_view message) const override {
    const EvpMdCtxPtr context(EVP_MD_CTX_new());
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
    std::size_t size = signature.size();
    // OpenSSL's default padding for a plain RSA key is PKCS #1 v1.5, as the service wants it.
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) != 1) {
      throw Error(ErrorKind::failed, "the private key does not sign: " + openssl_error());
    }
    signature.resize(size);
    return signature;
  }

 private:
  EvpPkeyPtr key_;
};

}  // namespace

std::unique_ptr<Signer> make_signer(EvpPkeyPtr key) {
  return std::make_unique<EvpSigner>(std::move(key));
}

}  // namespace rolecall::identity

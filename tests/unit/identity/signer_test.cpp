#include "identity/signer.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>

#include "base/ml_dsa.h"
#include "unit/support/certificates.h"

namespace rolecall::identity {
namespace {

EvpPkeyPtr copy(const test::KeyPtr& key) {
  EVP_PKEY_up_ref(key.get());
  return EvpPkeyPtr(key.get());
}

bool verifies(EVP_PKEY* key, const EVP_MD* digest, std::string_view text, std::string_view sig) {
  const auto bytes = [](std::string_view v) {
    return reinterpret_cast<const unsigned char*>(v.data());
  };
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes(sig), sig.size(), bytes(text), text.size()) == 1;
}

TEST(Signer, EachDigestVerifiesAsItselfAlone) {
  const std::vector<std::pair<Digest, const EVP_MD*>> digests = {{Digest::sha256, EVP_sha256()},
                                                                 {Digest::sha384, EVP_sha384()},
                                                                 {Digest::sha512, EVP_sha512()}};
  for (const test::KeyPtr& key :
       {test::rsa_key(), test::ec_key("P-256"), test::ec_key("P-384"), test::ec_key("P-521")}) {
    const auto signer = make_openssl_signer(copy(key));
    for (const auto& [digest, evp] : digests) {
      const std::string signature = signer->sign("text", digest);
      for (const auto& [other, other_evp] : digests)
        EXPECT_EQ(verifies(key.get(), other_evp, "text", signature), digest == other);
      EXPECT_FALSE(verifies(key.get(), evp, "other text", signature));
    }
    EXPECT_TRUE(verifies(key.get(), EVP_sha256(), "text", signer->sign("text")));
  }
}

TEST(Signer, ThePublicKeyIsThePointWhateverTheFormOfTheKey) {
  for (const auto& [curve, size] :
       {std::pair("P-256", 65U), std::pair("P-384", 97U), std::pair("P-521", 133U)}) {
    const test::KeyPtr key = test::ec_key(curve);
    const std::string expected = make_openssl_signer(copy(key))->public_key();
    EXPECT_EQ(expected.size(), size);
    EXPECT_EQ(expected[0], 4);
    ASSERT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                             "compressed"),
              1);
    EXPECT_EQ(make_openssl_signer(copy(key))->public_key(), expected);
  }
}

TEST(Signer, ThePublicKeyOfRsaIsPkcs1) {
  const test::KeyPtr key = test::rsa_key();
  const std::string der = make_openssl_signer(copy(key))->public_key();
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const EvpPkeyPtr read(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &data, static_cast<long>(der.size())));
  ASSERT_TRUE(read);
  EXPECT_EQ(EVP_PKEY_eq(read.get(), key.get()), 1);
}

TEST(Signer, MlDsaSignsTheTextItself) {
  for (const auto& [name, public_size, size] :
       {std::tuple("ML-DSA-44", 1312U, 2420U), std::tuple("ML-DSA-65", 1952U, 3309U),
        std::tuple("ML-DSA-87", 2592U, 4627U)}) {
    if (!can_use_ml_dsa(name)) GTEST_SKIP() << "OpenSSL has no ML-DSA";
    const test::KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, name), EVP_PKEY_free);
    const auto signer = make_openssl_signer(copy(key));
    EXPECT_EQ(signer->algorithm(), KeyAlgorithm::ml_dsa);
    EXPECT_EQ(signer->public_key().size(), public_size);
    for (const Digest digest : {Digest::sha256, Digest::sha512}) {
      const std::string signature = signer->sign("text", digest);
      EXPECT_EQ(signature.size(), size);
      EXPECT_TRUE(verifies(key.get(), nullptr, "text", signature));
      EXPECT_FALSE(verifies(key.get(), nullptr, "other text", signature));
    }
  }
}

}  // namespace
}  // namespace rolecall::identity

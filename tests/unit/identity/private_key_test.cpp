#include "identity/private_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "identity/key_kind.h"
#include "identity/pem.h"
#include "identity/signer.h"
#include "rolecall/error.h"
#include "unit/support/certificates.h"

namespace rolecall::identity {
namespace {

using testing::HasSubstr;

std::string pkcs8(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  return bio_text([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, nullptr, 0, nullptr,
                                         const_cast<char*>(cipher == nullptr ? nullptr : "pw"));
  });
}

std::string traditional(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  return bio_text([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(
        bio, key, cipher, reinterpret_cast<const unsigned char*>("pw"), 2, nullptr, nullptr);
  });
}

EvpPkeyPtr parse(const std::string& pem) {
  return private_key_in(read_pem(pem, "key"), "key");
}

std::string key_file_refusal(const std::string& pem) {
  try {
    parse(pem);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "no error";
}

TEST(PrivateKey, ReadsEveryForm) {
  const test::KeyPtr rsa = test::rsa_key();
  EXPECT_EQ(EVP_PKEY_eq(parse(pkcs8(rsa.get())).get(), rsa.get()), 1);
  EXPECT_EQ(EVP_PKEY_eq(parse(traditional(rsa.get())).get(), rsa.get()), 1);
  EXPECT_EQ(make_openssl_signer(parse(pkcs8(rsa.get())))->algorithm(), KeyAlgorithm::rsa);
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    const test::KeyPtr ec = test::ec_key(curve);
    EXPECT_EQ(EVP_PKEY_eq(parse(pkcs8(ec.get())).get(), ec.get()), 1);
    EXPECT_EQ(EVP_PKEY_eq(parse(traditional(ec.get())).get(), ec.get()), 1);
    EXPECT_EQ(describe_key(ec.get()), curve);
    EXPECT_EQ(make_openssl_signer(parse(pkcs8(ec.get())))->algorithm(), KeyAlgorithm::ecdsa);
  }
}

TEST(PrivateKey, SkipsWhatStandsAroundIt) {
  const test::KeyPtr ec = test::ec_key();
  const std::string text =
      "# my key\n" + test::pem(test::make({}, nullptr)) + traditional(ec.get()) + "\n\nend";
  EXPECT_EQ(EVP_PKEY_eq(parse(text).get(), ec.get()), 1);
}

TEST(PrivateKey, SaysWhatIsWrong) {
  const test::KeyPtr ec = test::ec_key();
  const std::string good = pkcs8(ec.get());
  EXPECT_THAT(key_file_refusal(good + good), HasSubstr("more than one private key"));
  EXPECT_THAT(key_file_refusal(test::pem(test::make({}, nullptr))),
              HasSubstr("no private key, only a certificate"));
  EXPECT_THAT(key_file_refusal(pkcs8(ec.get(), EVP_aes_128_cbc())),
              HasSubstr("is encrypted, and no password"));
  EXPECT_THAT(key_file_refusal(traditional(ec.get(), EVP_aes_128_cbc())),
              HasSubstr("is encrypted"));
  EXPECT_THAT(key_file_refusal(pkcs8(test::ec_key("secp256k1").get())), HasSubstr("secp256k1"));
  EXPECT_THAT(key_file_refusal(pkcs8(test::rsa_key(1024).get())), HasSubstr("RSA 1024"));
  const EvpPkeyPtr edwards(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_THAT(key_file_refusal(pkcs8(edwards.get())), HasSubstr("ED25519"));
  EXPECT_THAT(key_file_refusal("hello"), HasSubstr("is not a PEM file"));
  EXPECT_THAT(key_file_refusal(good.substr(0, good.size() / 2)), HasSubstr("is damaged"));
  EXPECT_THAT(key_file_refusal("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
              HasSubstr("damaged private key"));
  EXPECT_THAT(key_file_refusal("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n"),
              HasSubstr("is damaged"));
}

}  // namespace
}  // namespace rolecall::identity

// Encrypted keys of every algorithm that OpenSSL can write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "identity/file_form.h"
#include "identity/pem.h"
#include "identity/pkcs12.h"
#include "identity/private_key.h"
#include "rolecall/error.h"
#include "unit/support/certificates.h"

namespace rolecall::identity {
namespace {

using testing::HasSubstr;

const std::string password = "s\xc3\xa9same 42";

// A library of its own with the old algorithms, to write with: what is read must find them itself.
class Legacy {
 public:
  Legacy() : library_(OSSL_LIB_CTX_new()) {
    OSSL_PROVIDER_load(library_, "default");
    OSSL_PROVIDER_load(library_, "legacy");
  }
  OSSL_LIB_CTX* library() const { return library_; }

 private:
  OSSL_LIB_CTX* library_;  // until the end of the process: providers are unloaded with it
};

OSSL_LIB_CTX* legacy() {
  static const Legacy one;
  return one.library();
}

// Gives its words in turn, and counts.
struct Answers {
  std::vector<std::string> words;
  std::vector<PasswordRequest> asked;

  PasswordSource source() {
    return [this](const PasswordRequest& request) {
      asked.push_back(request);
      return Secret(words.at(asked.size() - 1));
    };
  }
};

EvpPkeyPtr read(const std::string& pem, const PasswordSource& source) {
  return private_key_in(read_pem(pem, "key"), "key", source);
}

EvpPkeyPtr read(const std::string& pem, const std::string& word = password) {
  Answers answers{{word, word, word}, {}};
  return read(pem, answers.source());
}

template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "no error";
}

std::string pkcs8_with(EVP_PKEY* key, X509_ALGOR* algorithm) {
  const Pkcs8Ptr plain(EVP_PKEY2PKCS8(key));
  X509_SIG* encrypted = algorithm == nullptr
                            ? nullptr
                            : PKCS8_set0_pbe_ex(password.data(), static_cast<int>(password.size()),
                                                plain.get(), algorithm, legacy(), nullptr);
  if (encrypted == nullptr) return {};
  const std::string pem = bio_text([&](BIO* bio) { return PEM_write_bio_PKCS8(bio, encrypted); });
  X509_SIG_free(encrypted);
  return pem;
}

std::string pbes2(EVP_PKEY* key, const char* cipher_name, int prf) {
  const EvpCipherPtr cipher(EVP_CIPHER_fetch(legacy(), cipher_name, nullptr));
  if (!cipher) return {};
  unsigned char salt[] = "saltsalt";
  return pkcs8_with(key, PKCS5_pbe2_set_iv_ex(cipher.get(), 2048, salt, 8, nullptr, prf, legacy()));
}

class Pbes2Cipher : public testing::TestWithParam<const char*> {};
TEST_P(Pbes2Cipher, IsRead) {
  const test::KeyPtr key = test::ec_key();
  const std::string pem = pbes2(key.get(), GetParam(), NID_hmacWithSHA256);
  ASSERT_THAT(pem, HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  EXPECT_EQ(EVP_PKEY_eq(read(pem).get(), key.get()), 1);
  EXPECT_THAT(refusal([&] { read(pem, "wrong"); }), HasSubstr("wrong password for key, 3 times"));
}
INSTANTIATE_TEST_SUITE_P(All, Pbes2Cipher,
                         testing::Values("AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "AES-256-CFB",
                                         "AES-256-OFB", "DES-EDE3-CBC", "CAMELLIA-128-CBC",
                                         "CAMELLIA-256-CBC", "ARIA-256-CBC", "SM4-CBC", "DES-CBC",
                                         "RC2-CBC", "BF-CBC", "CAST5-CBC", "SEED-CBC"));

class Pbes2Prf : public testing::TestWithParam<int> {};
TEST_P(Pbes2Prf, IsRead) {
  const test::KeyPtr key = test::ec_key();
  const std::string pem = pbes2(key.get(), "AES-256-CBC", GetParam());
  ASSERT_FALSE(pem.empty());
  EXPECT_EQ(EVP_PKEY_eq(read(pem).get(), key.get()), 1);
}
INSTANTIATE_TEST_SUITE_P(All, Pbes2Prf,
                         testing::Values(NID_hmacWithSHA1, NID_hmacWithMD5, NID_hmacWithSHA224,
                                         NID_hmacWithSHA256, NID_hmacWithSHA384, NID_hmacWithSHA512,
                                         NID_hmacWithSHA512_224, NID_hmacWithSHA512_256));

class Pbes1 : public testing::TestWithParam<int> {};
TEST_P(Pbes1, IsRead) {
  const test::KeyPtr key = test::ec_key();
  unsigned char salt[] = "saltsalt";
  const std::string pem =
      pkcs8_with(key.get(), PKCS5_pbe_set_ex(GetParam(), 2048, salt, 8, legacy()));
  ASSERT_FALSE(pem.empty());
  EXPECT_EQ(EVP_PKEY_eq(read(pem).get(), key.get()), 1);
  EXPECT_THAT(refusal([&] { read(pem, "wrong"); }), HasSubstr("wrong password"));
}
INSTANTIATE_TEST_SUITE_P(All, Pbes1,
                         testing::Values(NID_pbeWithMD5AndDES_CBC, NID_pbeWithMD5AndRC2_CBC,
                                         NID_pbeWithSHA1AndDES_CBC, NID_pbeWithSHA1AndRC2_CBC,
                                         NID_pbe_WithSHA1And128BitRC4, NID_pbe_WithSHA1And40BitRC4,
                                         NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                                         NID_pbe_WithSHA1And2_Key_TripleDES_CBC,
                                         NID_pbe_WithSHA1And128BitRC2_CBC,
                                         NID_pbe_WithSHA1And40BitRC2_CBC));

TEST(EncryptedKey, ReadsScrypt) {
  const test::KeyPtr key = test::ec_key();
  unsigned char salt[] = "saltsalt";
  const std::string pem = pkcs8_with(
      key.get(), PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, 8, nullptr, 16384, 8, 1));
  EXPECT_EQ(EVP_PKEY_eq(read(pem).get(), key.get()), 1);
}

class Traditional : public testing::TestWithParam<const char*> {};
TEST_P(Traditional, IsRead) {
  // The cipher that writes is looked up in the process, where old ones are not: encrypt by hand.
  const test::KeyPtr key = test::ec_key();
  const EvpCipherPtr cipher(EVP_CIPHER_fetch(legacy(), GetParam(), nullptr));
  const EvpMdPtr md5(EVP_MD_fetch(legacy(), "MD5", nullptr));
  ASSERT_TRUE(cipher && md5);
  unsigned char* der = nullptr;
  const int der_size = i2d_PrivateKey(key.get(), &der);
  ASSERT_GT(der_size, 0);
  std::vector<unsigned char> iv(static_cast<std::size_t>(EVP_CIPHER_get_iv_length(cipher.get())));
  for (std::size_t i = 0; i < iv.size(); ++i)
    iv[i] = static_cast<unsigned char>(i + 1);
  unsigned char cipher_key[EVP_MAX_KEY_LENGTH];
  EVP_BytesToKey(cipher.get(), md5.get(), iv.data(),
                 reinterpret_cast<const unsigned char*>(password.data()),
                 static_cast<int>(password.size()), 1, cipher_key, nullptr);
  std::vector<unsigned char> out(static_cast<std::size_t>(der_size) + EVP_MAX_BLOCK_LENGTH);
  int size = 0;
  int rest = 0;
  const EvpCipherCtxPtr context(EVP_CIPHER_CTX_new());
  ASSERT_EQ(EVP_EncryptInit_ex(context.get(), cipher.get(), nullptr, cipher_key, iv.data()), 1);
  EVP_EncryptUpdate(context.get(), out.data(), &size, der, der_size);
  EVP_EncryptFinal_ex(context.get(), out.data() + size, &rest);
  OPENSSL_free(der);
  char header[PEM_BUFSIZE] = "";
  PEM_proc_type(header, PEM_TYPE_ENCRYPTED);
  PEM_dek_info(header, GetParam(), static_cast<int>(iv.size()),
               reinterpret_cast<const char*>(iv.data()));
  const std::string pem = bio_text([&](BIO* bio) {
    return PEM_write_bio(bio, "EC PRIVATE KEY", header, out.data(), size + rest);
  });
  EXPECT_EQ(EVP_PKEY_eq(read(pem).get(), key.get()), 1);
  EXPECT_THAT(refusal([&] { read(pem, "wrong"); }), HasSubstr("wrong password"));
}
INSTANTIATE_TEST_SUITE_P(All, Traditional,
                         testing::Values("AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "AES-256-CTR",
                                         "DES-EDE3-CBC", "CAMELLIA-256-CBC", "ARIA-128-CBC",
                                         "DES-CBC", "RC2-CBC", "BF-CBC", "CAST5-CBC", "SEED-CBC"));

std::string example() {
  static const test::KeyPtr key = test::ec_key();
  return pbes2(key.get(), "AES-256-CBC", NID_hmacWithSHA256);
}

TEST(EncryptedKey, AsksUntilThePasswordFits) {
  Answers answers{{"one", "", password}, {}};
  EXPECT_TRUE(read(example(), answers.source()));
  ASSERT_EQ(answers.asked.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(answers.asked[static_cast<std::size_t>(i)].attempt, i + 1);
    EXPECT_EQ(answers.asked[static_cast<std::size_t>(i)].what, "key");
  }
}

TEST(EncryptedKey, AskedForOnlyWhereNeeded) {
  const test::KeyPtr key = test::ec_key();
  Answers answers;
  const std::string pem = bio_text([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  EXPECT_TRUE(read(pem, answers.source()));
  EXPECT_TRUE(answers.asked.empty());
}

TEST(EncryptedKey, WhatTheSourceThrowsComesOut) {
  const PasswordSource source = [](const PasswordRequest& request) -> Secret {
    if (request.attempt > 1) throw Error(ErrorKind::usage, "no more");
    return Secret("wrong");
  };
  EXPECT_EQ(refusal([&] { read(example(), source); }), "no more");
}

TEST(EncryptedKey, ManyWrongPasswordsAreAllWrong) {
  // One in 256 leaves a padding that looks right.
  int tried = 0;
  const std::string pem = example();
  for (; tried < 600; tried += 3) {
    ASSERT_THAT(refusal([&] { read(pem, "wrong" + std::to_string(tried)); }),
                HasSubstr("wrong password"));
  }
}

TEST(EncryptedKey, DamagedOnesAreToldApart) {
  const auto block = [](const std::string& label, const std::string& text) {
    return "-----BEGIN " + label + "-----\n" + text + "-----END " + label + "-----\n";
  };
  EXPECT_THAT(refusal([&] { read(block("ENCRYPTED PRIVATE KEY", "AAAA\n")); }),
              HasSubstr("damaged private key"));
  EXPECT_THAT(refusal([&] {
                read(block("EC PRIVATE KEY",
                           "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"
                           "AAAA\n"));
              }),
              HasSubstr("does not support"));
  EXPECT_THAT(refusal([&] { read(block("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA\n")); }),
              HasSubstr("no DEK-Info line"));
  EXPECT_THAT(
      refusal([&] {
        read(block("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: ROT-13,00\n\nAAAA\n"));
      }),
      HasSubstr("ROT-13 that OpenSSL does not support"));
}

// PKCS#12

struct Store {
  test::Entity ca = test::make_ca("CA");
  test::Entity leaf = test::make({}, &ca);

  // `word`: nullptr for none at all.
  std::string make(const char* word, int key_cipher, int certificate_cipher, int mac = 2048) const {
    STACK_OF(X509)* more = sk_X509_new_null();
    sk_X509_push(more, ca.get());
    PKCS12* file = PKCS12_create_ex(word, "name", leaf.key.get(), leaf.get(), more, key_cipher,
                                    certificate_cipher, 2048, mac, 0, legacy(), nullptr);
    sk_X509_free(more);
    unsigned char* data = nullptr;
    const int size = file == nullptr ? 0 : i2d_PKCS12(file, &data);
    std::string bytes(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    OPENSSL_free(data);
    PKCS12_free(file);
    return bytes;
  }
  bool is_in(const Pkcs12& content) const {
    return EVP_PKEY_eq(content.key.get(), leaf.key.get()) == 1 && content.certificates.size() == 2;
  }
};

TEST(Pkcs12, ReadsModernAndOldAlgorithms) {
  const Store store;
  const int old = NID_pbe_WithSHA1And40BitRC2_CBC;
  const int triple = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
  for (const auto& [key, certificate] :
       {std::pair(0, 0),
        {triple, old},
        {old, old},
        {NID_aes_128_cbc, -1},
        {triple, triple},
        {NID_pbe_WithSHA1And128BitRC4, NID_pbe_WithSHA1And128BitRC4},
        {NID_des_cbc, NID_des_cbc}}) {
    const std::string bytes = store.make(password.c_str(), key, certificate);
    ASSERT_TRUE(is_pkcs12(bytes)) << key;
    Answers answers{{"wrong", password}, {}};
    EXPECT_TRUE(store.is_in(read_pkcs12(bytes, "store", answers.source()))) << key;
    EXPECT_EQ(answers.asked.size(), 2U);
    EXPECT_THAT(refusal([&] { read_pkcs12(bytes, "store", {}); }),
                HasSubstr("store is encrypted, and no password was given"));
  }
}

TEST(Pkcs12, AsksForNoPasswordWhereThereIsNone) {
  const Store store;
  for (const char* word : {static_cast<const char*>(nullptr), ""}) {
    for (const int mac : {2048, -1}) {
      for (const int cipher :
           {0, -1, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And40BitRC2_CBC}) {
        if (word == nullptr && cipher == 0) continue;  // OpenSSL 3.0 does not write it
        const std::string bytes = store.make(word, cipher, cipher, mac);
        ASSERT_FALSE(bytes.empty()) << cipher;
        EXPECT_TRUE(store.is_in(read_pkcs12(bytes, "store", {}))) << cipher << " " << mac;
      }
    }
  }
}

TEST(Pkcs12, KnowsItsOwn) {
  const Store store;
  EXPECT_FALSE(is_pkcs12(""));
  EXPECT_FALSE(is_pkcs12(test::der(store.leaf.get())));
  EXPECT_FALSE(is_pkcs12(test::pem(store.leaf)));
  const std::string whole = store.make(password.c_str(), 0, 0);
  // No prefix crashes, hangs or is taken for a whole one.
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    const std::string part = whole.substr(0, size);
    if (is_pkcs12(part)) {
      EXPECT_THAT(refusal([&] { read_pkcs12(part, "store", {}); }), HasSubstr("is damaged"));
    }
  }
}

TEST(Pkcs12, DamagedContentIsRefused) {
  const Store store;
  const std::string whole = store.make("", -1, -1, -1);
  int refused = 0;
  for (std::size_t at = 10; at < whole.size(); at += 3) {
    std::string spoilt = whole;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0x15);
    try {
      read_pkcs12(spoilt, "store", {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      ++refused;
    }
  }
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace rolecall::identity

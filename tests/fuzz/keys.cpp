// Private keys: PEM files, and what is inside them.
#include "identity/pem.h"
#include "identity/private_key.h"

#include <openssl/pkcs12.h>

#include "base/ml_dsa.h"
#include "identity/key_kind.h"
#include "identity/signer.h"
#include "target.h"
#include "unit/support/certificates.h"

namespace rolecall::fuzz {
namespace {

constexpr const char* labels[] = {"PRIVATE KEY",    "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY",
                                  "EC PRIVATE KEY", "DSA PRIVATE KEY",       "EC PARAMETERS"};

Secret give_password(const PasswordRequest& request) {
  if (request.attempt > 1) throw Error(ErrorKind::usage, "wrong password");
  return Secret("password");
}

// PEM; or a digit, which chooses the label, and DER, where a changed byte breaks no base64.
std::vector<identity::PemBlock> blocks_of(std::string_view input) {
  if (input.empty() || input[0] < '0' || input[0] > '5') return identity::read_pem(input, "key");
  std::vector<identity::PemBlock> blocks(1);
  blocks[0].label = labels[input[0] - '0'];
  blocks[0].der = Secret(input.substr(1));
  return blocks;
}

void run(std::string_view input) {
  refuses([&] {
    EvpPkeyPtr key = identity::private_key_in(blocks_of(input), "key", give_password);
    require(!identity::describe_key(key.get()).empty(), "a key has a description");
    refuses([&] { identity::make_openssl_signer(std::move(key))->sign("message"); });
  });
}

template <class Write>
std::string der(Write&& write, const char* digit) {
  unsigned char* bytes = nullptr;
  const int size = write(&bytes);
  std::string text(digit);
  if (size > 0) text.append(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

std::vector<std::string> seeds() {
  std::vector<std::string> made = {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"};
  std::vector<test::KeyPtr> keys = {test::ec_key(), test::ec_key("P-521"), test::rsa_key()};
  if (can_use_ml_dsa("ML-DSA-44"))
    keys.emplace_back(EVP_PKEY_Q_keygen(nullptr, nullptr, "ML-DSA-44"), EVP_PKEY_free);
  for (const test::KeyPtr& key : keys) {
    const auto pem = [&](const EVP_CIPHER* cipher, bool traditional) {
      made.push_back(bio_text([&](BIO* bio) {
        return (traditional ? PEM_write_bio_PrivateKey_traditional : PEM_write_bio_PrivateKey)(
            bio, key.get(), cipher, nullptr, 0, nullptr, const_cast<char*>("password"));
      }));
    };
    pem(nullptr, false);
    pem(EVP_aes_128_cbc(), false);
    pem(nullptr, true);
    pem(EVP_aes_128_cbc(), true);
    const Pkcs8Ptr info(EVP_PKEY2PKCS8(key.get()));
    made.push_back(der([&](auto** out) { return i2d_PKCS8_PRIV_KEY_INFO(info.get(), out); }, "0"));
    const X509SigPtr sealed(
        PKCS8_encrypt(-1, EVP_aes_128_cbc(), "password", 8, nullptr, 0, 1, info.get()));
    made.push_back(der([&](auto** out) { return i2d_X509_SIG(sealed.get(), out); }, "1"));
    const char* digit = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA ? "2" : "3";
    made.push_back(der([&](auto** out) { return i2d_PrivateKey(key.get(), out); }, digit));
  }
  return made;
}

const Registration target({"keys", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

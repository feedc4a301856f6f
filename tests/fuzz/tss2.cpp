// Key files of a TPM. The provider tpm2 reads them and asks its TPM, so there must be one, which
// TPM2OPENSSL_TCTI names (tests/fuzz/with-tpm gives an emulated one); otherwise only the PEM is
// read.
#include <openssl/provider.h>

#include <cstdlib>

#include "identity/hardware/hardware.h"
#include "identity/pem.h"
#include "target.h"
#include "unit/support/certificates.h"

namespace rolecall::fuzz {
namespace {

bool there_is_a_tpm() {
  return std::getenv("TPM2OPENSSL_TCTI") != nullptr;
}

constexpr std::string_view label = "TSS2 PRIVATE KEY";

// PEM; or DER, where a changed byte breaks no base64.
std::vector<identity::PemBlock> blocks_of(std::string_view input) {
  if (!input.starts_with('\x30')) return identity::read_pem(input, "key");
  std::vector<identity::PemBlock> blocks(1);
  blocks[0].label = label;
  blocks[0].der = Secret(input);
  return blocks;
}

void run(std::string_view input) {
  refuses([&] {
    for (const identity::PemBlock& block : blocks_of(input)) {
      if (!identity::is_tpm_key(block) || !there_is_a_tpm()) continue;
      IdentityOptions options;
      options.password = [](const PasswordRequest& request) {
        if (request.attempt > 1) throw Error(ErrorKind::usage, "wrong password");
        return Secret("password");
      };
      const identity::TpmKey key = identity::load_tpm_file(block, "key", options);
      require(key.public_key != nullptr, "a key that is read has a public key");
      key.signer->sign("message");
    }
  });
}

// A key of that TPM; empty if there is none.
std::string key_file() {
  const std::unique_ptr<OSSL_LIB_CTX, OpensslDelete<OSSL_LIB_CTX_free>> library(OSSL_LIB_CTX_new());
  OSSL_PROVIDER* tpm = OSSL_PROVIDER_load(library.get(), "tpm2");
  OSSL_PROVIDER* standard = OSSL_PROVIDER_load(library.get(), "default");
  std::string pem;
  if (tpm != nullptr && standard != nullptr) {
    const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(library.get(), "EC", "provider=tpm2"));
    EVP_PKEY* key = nullptr;
    if (context && EVP_PKEY_keygen_init(context.get()) == 1 &&
        EVP_PKEY_CTX_set_group_name(context.get(), "P-256") == 1 &&
        EVP_PKEY_generate(context.get(), &key) == 1) {
      pem = bio_text([&](BIO* bio) {
        return PEM_write_bio_PrivateKey_ex(bio, key, nullptr, nullptr, 0, nullptr, nullptr,
                                           library.get(), "?provider=tpm2");
      });
    }
    EVP_PKEY_free(key);
  }
  OSSL_PROVIDER_unload(standard);
  OSSL_PROVIDER_unload(tpm);
  return pem;
}

std::vector<std::string> seeds() {
  std::vector<std::string> made = {
      "-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n",
      std::string("\x30\x03\x06\x01\x01", 5)};
  if (!there_is_a_tpm()) return made;
  const std::string pem = key_file();
  require(!pem.empty(), "the TPM makes a key");
  made.push_back(pem);
  for (const identity::PemBlock& block : identity::read_pem(pem, "key"))
    made.emplace_back(block.der.view());
  return made;
}

const Registration target({"tss2", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

// PKCS#12 files.
#include "identity/pkcs12.h"

#include <openssl/pkcs12.h>

#include "identity/file_form.h"
#include "target.h"
#include "unit/support/certificates.h"

namespace rolecall::fuzz {
namespace {

Secret give_password(const PasswordRequest& request) {
  if (request.attempt > 1) throw Error(ErrorKind::usage, "wrong password");
  return Secret("password");
}

void run(std::string_view input) {
  if (!identity::is_pkcs12(input)) return;
  refuses([&] {
    const identity::Pkcs12 found = identity::read_pkcs12(input, "file", give_password);
    require(found.key != nullptr, "what is read has a key");
    require(!found.certificates.empty(), "what is read has a certificate");
  });
}

// Without a MAC a changed byte goes further.
std::string file(const test::Entity& entity, const test::Entity& ca, const char* password,
                 int encryption, bool mac) {
  STACK_OF(X509)* chain = sk_X509_new_null();
  sk_X509_push(chain, ca.get());
  PKCS12* made = PKCS12_create(password, "name", entity.key.get(), entity.get(), chain, encryption,
                               encryption, 1, mac ? 1 : -1, 0);
  sk_X509_free(chain);
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS12(made, &bytes);
  PKCS12_free(made);
  std::string text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

std::vector<std::string> seeds() {
  const test::Entity ca = test::make_ca("root");
  const test::Entity leaf = test::make(test::Recipe(), &ca);
  return {file(leaf, ca, nullptr, -1, false), file(leaf, ca, "password", -1, true),
          file(leaf, ca, "password", NID_aes_128_cbc, false),
          file(leaf, ca, "", NID_aes_128_cbc, true)};
}

const Registration target({"pkcs12", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

// Trust anchors and revocation lists, as the emulator reads them.
#include "emulate/error_response.h"
#include "emulate/trust.h"
#include "target.h"
#include "unit/emulate/support.h"

namespace rolecall::fuzz {
namespace {

using emulate::PemFile;
using emulate::Trust;
using emulate::test::crl_pem;

struct Scene {
  test::Entity root = test::make_ca("root");
  test::Entity leaf = test::make(test::Recipe(), &root);
  test::Entity other = test::make(test::Recipe(), &root);
};

const Scene& scene() {
  static const Scene made;
  return made;
}

void check(const Trust& trust, X509* leaf) {
  try {
    trust.check(leaf, {}, test::now);
  } catch (const emulate::ErrorResponse& error) {
    require(*error.what() != '\0', "a refusal says something");
  }
}

// DER becomes PEM here, where a changed byte breaks no base64.
std::string as_pem(std::string_view input) {
  if (!input.starts_with('\x30')) return std::string(input);
  return "-----BEGIN X509 CRL-----\n" + base64_encode(input) + "\n-----END X509 CRL-----\n";
}

void run(std::string_view input) {
  const std::string pem = as_pem(input);
  refuses([&] {
    check(Trust({"anchor", test::pem(scene().root)}, {{"crl", pem}}), scene().leaf.get());
  });
  refuses([&] { check(Trust({"anchor", pem}, {}), scene().leaf.get()); });
}

std::vector<std::string> seeds() {
  std::vector<std::string> made = {
      test::pem(scene().root), crl_pem(scene().root, {}), crl_pem(scene().root, {scene().other}),
      crl_pem(scene().root, {scene().leaf}, CRL_REASON_REMOVE_FROM_CRL)};
  const BioPtr bio = memory_bio(made[2]);
  const X509CrlPtr crl(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr));
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_CRL(crl.get(), &bytes);
  made.emplace_back(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return made;
}

const Registration target({"crls", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

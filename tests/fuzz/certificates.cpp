// Certificates, chains and the requirements of the service, as the client reads them.
#include "unit/support/certificates.h"
#include "identity/chain.h"
#include "identity/pem.h"
#include "identity/pem_contents.h"
#include "identity/requirements.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

// PEM; or DER, where a changed byte breaks no base64.
std::vector<identity::Certificate> certificates_of(std::string_view input) {
  if (input.starts_with('\x30')) return {identity::Certificate(input, "file")};
  return identity::certificates_in(identity::read_pem(input, "file"), "file");
}

void look_at(const identity::Certificate& certificate) {
  require(!certificate.name().empty(), "a certificate has a name for messages");
  require(!certificate.key_kind().empty(), "a certificate has a kind of key");
  require(!certificate.serial_decimal().empty(), "a serial number has digits");
  require(!certificate.serial_hex().empty(), "a serial number has digits");
  certificate.issuer();
  certificate.valid_at(test::now);
  certificate.self_signed();
}

void run(std::string_view input) {
  refuses([&] {
    const std::vector<identity::Certificate> found = certificates_of(input);
    if (found.empty()) return;
    for (const identity::Certificate& certificate : found)
      look_at(certificate);
    const auto chain = identity::order_chain(found[0], found, test::now, {});
    require(chain.size() < found.size(), "a chain holds no certificate twice");
    identity::check_requirements(found[0], chain, test::now);
  });
}

std::vector<std::string> seeds() {
  const test::Entity root = test::make_ca("root");
  const test::Entity middle = test::make_ca("middle", &root);
  const test::Entity leaf = test::make(
      test::Recipe().with(NID_subject_alt_name, "DNS:a.example,URI:urn:x,email:a@b,IP:127.0.0.1"),
      &middle);
  const test::Entity rsa = test::make(test::Recipe(), nullptr, test::rsa_key());
  return {test::pem(leaf) + test::pem(middle) + test::pem(root), test::pem(root) + test::pem(leaf),
          test::der(leaf.get()), test::der(middle.get()), test::der(rsa.get())};
}

const Registration target({"certificates", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

// rolecall read-certificate-data: shows a certificate.
#include <openssl/evp.h>

#include <algorithm>

#include "base/codec.h"
#include "base/files.h"
#include "base/ml_dsa.h"
#include "base/text.h"
#include "base/time.h"
#include "commands/all_commands.h"
#include "commands/certificate_view.h"
#include "identity/chain.h"
#include "identity/hardware/hardware.h"
#include "identity/identity.h"
#include "options/hardware_limit.h"
#include "options/identity_flags.h"
#include "options/options.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using identity::Certificate;

// The JSON that the official helper prints: one line without a line feed. None of the values needs
// escapes.
std::string certificate_data(const Certificate& certificate) {
  const auto json = [&certificate](std::string_view type, std::string_view algorithms) {
    return cat("{\"keyType\":\"", type, "\",\"certificateData\":\"",
               base64_encode(certificate.der()), "\",\"serialNumber\":\"",
               certificate.serial_decimal(), "\",\"supportedAlgorithms\":[", algorithms, "]}");
  };
  // Needs no support for ML-DSA in OpenSSL.
  if (const std::string_view name = ml_dsa_key_name(certificate.x509()); !name.empty())
    return json(name, cat("\"", name, "\""));
  const EVP_PKEY* key = certificate.public_key();
  const int kind = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_EC) {
    throw Error(ErrorKind::usage,
                "the key of the certificate is of the kind " + certificate.key_kind() +
                    ", not RSA, EC or ML-DSA",
                "--format text shows such a certificate too");
  }
  const std::string type = kind == EVP_PKEY_RSA ? "RSA" : "EC";
  return json(type, cat("\"", type, "SHA256\",\"", type, "SHA384\",\"", type, "SHA512\""));
}

// Finds the chain of `leaf` in `all`. With `show_others`, also shows the other certificates of
// `all`.
std::string view(const Certificate& leaf, const std::vector<Certificate>& all, bool show_others) {
  const auto now = wall_clock();
  // No reporter: the view itself shows what order_chain would warn about.
  const std::vector<Certificate> chain = identity::order_chain(leaf, all, now, {});
  std::vector<Certificate> others;
  for (const Certificate& one : all) {
    if (show_others && one != leaf && std::find(chain.begin(), chain.end(), one) == chain.end()) {
      others.push_back(one);
    }
  }
  return certificate_view({leaf, chain, others}, now);
}

// With json: the list that the official helper prints for stores and tokens. With text: the view of
// each certificate.
std::string token_list(const std::vector<identity::TokenCertificate>& found,
                       const std::string& format) {
  if (found.empty()) return "No matching identities\n";
  std::string text = format == "text" ? "" : "Matching identities\n";
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Certificate& one = found[i].certificate;
    if (format == "text") {
      text += (i > 0 ? "\n" : "") + view(one, found[i].certificates_on_token, false) +
              "URI:           " + found[i].uri + "\n";
      continue;
    }
    text += cat(i + 1, ") Hex Fingerprint: ", fingerprint(one, EVP_sha1()),
                "\n\tSubject: ", one.subject(), "\n\tIssuer: ", one.issuer(),
                "\n\tSerial Number: ", one.serial_hex(), "\n\tURI: ", found[i].uri, "\n");
  }
  return text;
}

void run_read_certificate_data(const Settings& settings, const CommandLine& /*line*/) {
  const Reporter reporter = settings.reporter();
  const std::string format = settings.text("format");
  const IdentityOptions identity = identity_flags(settings);
  exit_if_hardware_hangs(settings);
  if (identity::certificate_is_on_token(identity))
    return print_result(token_list(identity::list_tokens(identity, reporter), format));
  if (identity.certificate.empty()) throw settings.missing("--certificate");

  const std::vector<Certificate> certificates = identity::load_certificates(identity, wall_clock());
  reporter.trace([&] {
    return cat("certificate source ", identity.certificate.name(), ": ", certificates.size(),
               certificates.size() == 1 ? " certificate" : " certificates, of which one is shown");
  });
  print_result(format == "text" ? view(certificates.front(), certificates, true)
                                : certificate_data(certificates.front()));
}

constexpr auto read_certificate_data_options =
    joined(std::array<Option, 2>{{
               {.name = "certificate",
                .kind = Kind::input,
                .group = certificate_group,
                .value = "FILE",
                .help = "The certificate: the first one of a PEM file, or that of the key in a "
                        "PKCS#12 file. FILE can also be \"-\" (standard input), fd:N (the open "
                        "descriptor N), a pkcs11: URI or spiffe: (a SPIFFE agent). With a URI, "
                        "every certificate that "
                        "matches is listed. Required unless a binding sets it, or --cert-selector "
                        "is used."},
               {.name = "format",
                .kind = Kind::choice,
                .group = output_group,
                .help = "The form of the output. json is one line, which ends in a newline only on "
                        "a terminal. text is for people.",
                .default_value = "json",
                .choices = "json|text"},
           }},
           debug_option, selector_options, password_options, ignored_options);

}  // namespace

constinit const Command read_certificate_data_command = {
    .name = "read-certificate-data",
    .summary = "Show a certificate, for people or for programs",
    .description =
        "With --format text, this command prints one fact in each line, as \"NAME: VALUE\". A "
        "line \"Fails:\" names a requirement of IAM Roles Anywhere that the certificate does not "
        "meet. A line \"Warning:\" names something that the service can refuse.",
    .footer =
        "Examples:\n"
        "  rolecall read-certificate-data --certificate app.pem \\\n"
        "    --format text\n"
        "\n"
        "To list all certificates on PKCS#11 tokens:\n"
        "  rolecall read-certificate-data --certificate pkcs11:",
    .options = {read_certificate_data_options, configuration_options, binding_option},
    .run = run_read_certificate_data,
};

}  // namespace rolecall::cli

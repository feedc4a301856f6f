// rolecall read-certificate-data: what a certificate says.
#include <algorithm>

#include "base/codec.h"
#include "base/files.h"
#include "base/process.h"
#include "base/time.h"
#include "cli/certificate_view.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/identity_flags.h"
#include "cli/settings.h"
#include "cli/ui.h"
#include "identity/chain.h"
#include "identity/identity.h"

namespace rolecall::cli {
namespace {

using identity::Certificate;

// Nothing in it needs escapes. As the official helper prints it: one line, with no newline.
std::string certificate_data(const Certificate& certificate) {
  const EVP_PKEY* key = certificate.public_key();
  const int kind = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_EC) {
    throw Error(ErrorKind::usage,
                "the key of the certificate is of the kind " + certificate.key_kind() +
                    ", neither RSA nor EC",
                "--format text shows such a certificate too");
  }
  const std::string type = kind == EVP_PKEY_RSA ? "RSA" : "EC";
  return "{\"keyType\":\"" + type + "\",\"certificateData\":\"" + base64_encode(certificate.der()) +
         "\",\"serialNumber\":\"" + certificate.serial_decimal() +
         "\",\"supportedAlgorithms\":[\"" + type + "SHA256\",\"" + type + "SHA384\",\"" + type +
         "SHA512\"]}";
}

// `all`: what its chain is looked for in; the rest of it is shown with `show_others`.
std::string view(const Certificate& leaf, const std::vector<Certificate>& all, bool show_others) {
  const auto now = wall_clock();
  // What it would warn of stands in the view.
  const std::vector<Certificate> chain = identity::order_chain(leaf, all, now, {});
  std::vector<Certificate> others;
  for (const Certificate& one : all) {
    if (show_others && one != leaf && std::find(chain.begin(), chain.end(), one) == chain.end()) {
      others.push_back(one);
    }
  }
  return certificate_view({leaf, chain, others}, now);
}

// As the official helper prints what it finds in stores and on tokens. As text: the view of each.
std::string token_list(const std::vector<identity::TokenCertificate>& found,
                       const std::string& format) {
  if (found.empty()) return "No matching identities\n";
  std::string text = format == "text" ? "" : "Matching identities\n";
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Certificate& one = found[i].certificate;
    if (format == "text") {
      text += (i > 0 ? "\n" : "") + view(one, found[i].beside, false) +
              "URI:           " + found[i].uri + "\n";
      continue;
    }
    text += std::to_string(i + 1) + ") Hex Fingerprint: " + fingerprint(one, EVP_sha1()) +
            "\n\tSubject: " + one.subject() + "\n\tIssuer: " + one.issuer() +
            "\n\tSerial Number: " + one.serial_hex() + "\n\tURI: " + found[i].uri + "\n";
  }
  return text;
}

}  // namespace

void read_certificate_data(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();  // first: a password may be among the flags
  IdentityFlags flags;
  std::string& source = flags.options.certificate;
  std::string format = "json";
  bool debug = false;
  add_text(app, "--certificate", source, "FILE",
           "Required. PEM file, of whose certificates the first is described;\n"
           "or a PKCS#12 file, of which that of its key is. - for standard\n"
           "input, fd:N for an open descriptor. Or a pkcs11: URI: then every\n"
           "certificate that it matches is listed");
  add_selector_flags(app, flags);
  add_password_flags(app, flags);
  add_choice(app, "--format", format, {"json", "text"},
             "One line of JSON (without a newline, except on a terminal), or\na view for people. "
             "Default: json");
  add_switch(app, "--debug", debug, "Show each step on stderr");
  add_hidden(app, "--system-store-name");
  parse(app,
        "The view has one fact a line, behind a name and a colon, for grep as well; a line\n"
        "\"Fails:\" for each requirement of the service that is not met, and a line \"Warning:\"\n"
        "for what the service may refuse.",
        std::move(arguments));
  const Reporter reporter = stderr_reporter(debug);
  finish_identity_flags(app, flags, reporter);
  if (identity::certificate_is_on_token(flags.options)) {
    const std::string text = token_list(identity::list_tokens(flags.options, reporter), format);
    return print_result(text);
  }
  if (source.empty()) {
    throw missing_values(app, "--certificate");
  }

  const std::vector<Certificate> certificates =
      identity::load_certificates(flags.options, wall_clock());
  reporter.trace([&] {
    return input_name("certificate file", source) + ": " + std::to_string(certificates.size()) +
           (certificates.size() == 1 ? " certificate" : " certificates, of which one is shown");
  });
  print_result(format == "text" ? view(certificates.front(), certificates, true)
                                : certificate_data(certificates.front()));
}

}  // namespace rolecall::cli

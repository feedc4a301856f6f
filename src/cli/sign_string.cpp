// rolecall sign-string: does this private key sign?
#include <unistd.h>

#include "base/codec.h"
#include "base/files.h"
#include "base/process.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/identity_flags.h"
#include "cli/settings.h"
#include "cli/ui.h"
#include "identity/identity.h"

namespace rolecall::cli {
namespace {

identity::Digest digest_of(const std::string& name) {
  if (name == "SHA384") return identity::Digest::sha384;
  return name == "SHA512" ? identity::Digest::sha512 : identity::Digest::sha256;
}

// The text is bound to the key, so that no signature over anything else can be had here. The "1" is
// the text's version.
std::string fixed_text(const identity::Signer& signer) {
  return "AWS Roles Anywhere Credential Helper Signing Test1" +
         sha256("IAM RA" + signer.public_key());
}

// As the official helper prints it: with no newline behind it, in any format.
std::string formatted(const std::string& signature, const std::string& format) {
  if (format == "bin") return signature;
  const std::string hex = hex_encode(signature);
  return format == "text" ? hex : "\"" + hex + "\"";
}

}  // namespace

void sign_string(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();  // first: a password may be among the flags
  IdentityFlags flags;
  std::string digest = "SHA256";
  std::string format = "json";
  bool debug = false;
  add_identity_flags(app, flags);
  set_help(app, "--certificate",
           "PEM file with certificates: then one of them must fit the key.\nOr a PKCS#12 file or a "
           "pkcs11: URI, where the key is, too");
  set_help(app, "--intermediates", "Taken as by the other commands, but not read");
  add_choice(app, "--digest", digest, {"SHA256", "SHA384", "SHA512"},
             "What to sign with. Default: SHA256");
  add_choice(app, "--format", format, {"json", "text", "bin"},
             "Hex in quotes, hex, or raw bytes; without a newline, except for\nhex on a terminal. "
             "Default: json");
  add_switch(app, "--debug", debug, "Show each step on stderr; never a secret");
  parse(app,
        "Signs a text that is fixed for each key: \"AWS Roles Anywhere Credential Helper\n"
        "Signing Test1\" and the SHA-256 of \"IAM RA\" and the public key (PKCS #1 DER, or\n"
        "the uncompressed point). RSA signs with PKCS #1 v1.5, EC gives DER.",
        std::move(arguments));
  const Reporter reporter = stderr_reporter(debug);
  finish_identity_flags(app, flags, reporter);
  if (flags.options.private_key.empty() && flags.options.certificate.empty() &&
      flags.options.cert_selector.empty()) {
    throw missing_values(app, "--private-key");
  }

  const auto signer = identity::load_signer(flags.options, reporter);
  const std::string signature = signer->sign(fixed_text(*signer), digest_of(digest));
  const std::string text = formatted(signature, format);
  if (format == "bin") return write_all(STDOUT_FILENO, text, "standard output");
  print_result(text);
}

}  // namespace rolecall::cli

// rolecall sign-string: does this private key sign?
#include <unistd.h>

#include "base/codec.h"
#include "base/files.h"
#include "cli/command.h"
#include "cli/identity_flags.h"
#include "cli/options.h"
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

void run(const Settings& settings, const CommandLine& /*line*/) {
  const IdentityOptions identity = identity_flags(settings);
  if (identity.private_key.empty() && identity.certificate.empty() && !identity.selector) {
    throw settings.missing("--private-key");
  }
  const auto signer = identity::load_signer(identity, settings.reporter());
  const std::string signature =
      signer->sign(fixed_text(*signer), digest_of(settings.text("digest")));
  const std::string format = settings.text("format");
  const std::string text = formatted(signature, format);
  if (format == "bin") return write_all(STDOUT_FILENO, text, "standard output");
  print_result(text);
}

// Of the files only the key is used.
constexpr auto options = [] {
  auto list =
      joined(std::array<Option, 2>{{
                 {.name = "digest",
                  .kind = Kind::choice,
                  .value = "SHA256|SHA384|SHA512",
                  .help = "What to sign with",
                  .fallback = "SHA256"},
                 {.name = "format",
                  .kind = Kind::choice,
                  .value = "json|text|bin",
                  .help = "Hex in quotes, hex, or raw bytes; without a newline, except for\n"
                          "hex on a terminal",
                  .fallback = "json"},
             }},
             debug_option, identity_options);
  for (Option& option : list) {
    if (option.name == "certificate") {
      option.help =
          "PEM file with certificates: then one of them must fit the key.\n"
          "Or a PKCS#12 file or a pkcs11: URI, where the key is, too";
    }
    if (option.name == "intermediates")
      option.help = "Taken as by the other commands, but not read";
  }
  return list;
}();

}  // namespace

constinit const Command sign_string_command = {
    .name = "sign-string",
    .summary = "Sign a fixed text, to see that a private key works",
    .footer =
        "Signs a text that is fixed for each key: \"AWS Roles Anywhere Credential Helper\n"
        "Signing Test1\" and the SHA-256 of \"IAM RA\" and the public key (PKCS #1 DER, or\n"
        "the uncompressed point). RSA signs with PKCS #1 v1.5, EC gives DER.",
    .options = {options, configuration_options, binding_option},
    .run = run,
};

}  // namespace rolecall::cli

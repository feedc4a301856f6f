// rolecall sign-string: signs a fixed text, to test a private key.
#include <unistd.h>

#include "base/codec.h"
#include "base/files.h"
#include "commands/all_commands.h"
#include "identity/identity.h"
#include "options/hardware_limit.h"
#include "options/identity_flags.h"
#include "options/options.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

identity::Digest digest_of(const std::string& name) {
  if (name == "SHA384") return identity::Digest::sha384;
  return name == "SHA512" ? identity::Digest::sha512 : identity::Digest::sha256;
}

// The text depends on the key, so that nobody can use this command to sign another text. The "1" is
// the version of the text.
std::string fixed_text(const identity::Signer& signer) {
  return "AWS Roles Anywhere Credential Helper Signing Test1" +
         sha256("IAM RA" + signer.public_key());
}

// As the official helper prints it: without a line feed in any format.
std::string formatted(const std::string& signature, const std::string& format) {
  if (format == "bin") return signature;
  const std::string hex = hex_encode(signature);
  return format == "text" ? hex : "\"" + hex + "\"";
}

void run_sign_string(const Settings& settings, const CommandLine& /*line*/) {
  const IdentityOptions identity = identity_flags(settings);
  if (identity.private_key.empty() && identity.certificate.empty() && !identity.selector) {
    throw settings.missing("--private-key");
  }
  exit_if_hardware_hangs(settings);
  const auto signer = identity::load_signer(identity, settings.reporter());
  if (signer->algorithm() == identity::KeyAlgorithm::ml_dsa && settings.has("digest")) {
    throw Error(ErrorKind::usage, "--digest cannot be used with an ML-DSA key",
                "leave --digest out, also in the configuration file and in the environment: an "
                "ML-DSA key signs the text itself, not a digest");
  }
  const std::string signature =
      signer->sign(fixed_text(*signer), digest_of(settings.text("digest")));
  const std::string format = settings.text("format");
  const std::string text = formatted(signature, format);
  if (format == "bin") return write_all(STDOUT_FILENO, text, "standard output");
  print_result(text);
}

// This command uses only the key, so the help of the other files differs.
constexpr auto sign_string_options = joined(
    std::array<Option, 2>{{
        {.name = "digest",
         .kind = Kind::choice,
         .group = output_group,
         .help = "The digest of the signature. Not for ML-DSA keys.",
         .default_value = "SHA256",
         .choices = "SHA256|SHA384|SHA512"},
        {.name = "format",
         .kind = Kind::choice,
         .group = output_group,
         .help = "The form of the signature. json is hex in double quotes, text is hex, "
                 "and bin is the raw bytes. json and text end in a newline only on "
                 "a terminal.",
         .default_value = "json",
         .choices = "json|text|bin"},
    }},
    debug_option,
    std::array<Option, 3>{
        {explained(
             certificate_option,
             "The certificate, in a PEM or PKCS#12 file. If the file contains several, one of them "
             "must match the key. FILE can also be \"-\" (standard input), fd:N (the open "
             "descriptor N), a pkcs11: URI or spiffe: (a SPIFFE agent)."),
         private_key_option,
         explained(
             intermediates_option,
             "Accepted but not read, so that you can use the options of other commands here.")}},
    key_options);

}  // namespace

constinit const Command sign_string_command = {
    .name = "sign-string",
    .summary = "Sign a fixed text, to test a private key",
    .description =
        "This command signs a text that is fixed for each key, and prints the signature. No "
        "network "
        "is used. RSA keys sign with PKCS #1 v1.5. The signature of an EC key is in DER. An ML-DSA "
        "key "
        "signs the text without a digest.",
    .footer =
        "Examples:\n"
        "  rolecall sign-string --private-key app.key\n"
        "  rolecall sign-string --private-key pkcs11:token=app \\\n"
        "    --certificate app.pem",
    .options = {sign_string_options, configuration_options, binding_option},
    .run = run_sign_string,
};

}  // namespace rolecall::cli

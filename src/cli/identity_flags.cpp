#include "cli/identity_flags.h"

#include <CLI/CLI.hpp>
#include <array>

#include "base/files.h"
#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/hardware_limit.h"
#include "cli/password.h"
#include "identity/selector.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr const char* group = "Who asks";
// Where there is no --timeout.
constexpr std::chrono::seconds hardware_patience{30};

void refuse_shared_descriptor(const IdentityFlags& flags) {
  const IdentityOptions& options = flags.options;
  const std::array<std::pair<const char*, const std::string*>, 3> files = {{
      {"--certificate", &options.certificate},
      {"--private-key", &options.private_key},
      {"--intermediates", &options.intermediates},
  }};
  const bool from_descriptor = flags.password_source.starts_with("fd:");
  for (const auto& [name, value] : files) {
    const int descriptor = input_descriptor(*value);
    if (from_descriptor && descriptor >= 0 &&
        descriptor == input_descriptor(flags.password_source)) {
      throw Error(ErrorKind::usage,
                  std::string(name) + " and --password-source are the same descriptor",
                  "what is read from it by one is gone for the other");
    }
  }
}

}  // namespace

void add_identity_flags(CLI::App& app, IdentityFlags& flags) {
  IdentityOptions& options = flags.options;
  add_text(app, "--certificate", options.certificate, "FILE",
           "Required. PEM file with the certificate; may hold its chain and\n"
           "its key too, in any order. Or a PKCS#12 file, which holds all\n"
           "three. - for standard input, fd:N for an open descriptor (all three\n"
           "flags). Or a pkcs11: URI: the key is looked for on the same token",
           group);
  add_text(app, "--private-key", options.private_key, "FILE",
           "Required unless the certificate's file or token holds it. PEM file\n"
           "with its private key: PKCS#8, PKCS#1 or SEC1, encrypted or not; RSA\n"
           "of 2048 to 8192 bits, P-256, P-384 or P-521. Or a pkcs11: URI, a\n"
           "TPM's key (TSS2 PRIVATE KEY), or handle:0x81000001 of the TPM",
           group);
  add_text(app, "--intermediates", options.intermediates, "FILE",
           "PEM or PKCS#7 file with the certificates between it and the trust\n"
           "anchor",
           group);
  add_selector_flags(app, flags);
  app.add_flag("--use-latest-expiring-certificate", options.use_latest,
               "Of several on tokens the one that is valid and ends last")
      ->group(group);
  app.add_flag("--reuse-pin", options.reuse_pin,
               "The token's PIN is also that of a key that wants one for each\n"
               "signature. Default: asked for by itself")
      ->group(group);
  add_password_flags(app, flags);
  add_text(app, "--tpm-key-password", flags.tpm_key_password, "PASSWORD",
           "The TPM key's; every user of the machine can read it", group);
  app.add_flag("--no-tpm-key-password", options.tpm_key_has_no_password,
               "The TPM key has none (that of a handle is asked for otherwise)")
      ->group(group);
  // Of Windows' stores: it changes nothing elsewhere, in the official helper either.
  app.add_option("--system-store-name")->expected(0, 1)->group("");
}

void add_selector_flags(CLI::App& app, IdentityFlags& flags) {
  add_text(app, "--cert-selector", flags.options.cert_selector, "SELECTOR",
           "In place of --certificate: the certificate on any PKCS#11 token\n"
           "that is \"Key=x509Subject,Value=CN=x Key=x509Issuer,Value=CN=y\n"
           "Key=x509Serial,Value=1F\" or what file://selector.json says",
           group);
  add_text(app, "--pkcs11-lib", flags.options.pkcs11_module, "FILE",
           "PKCS#11 module to use. Default: all that p11-kit knows", group);
}

void add_password_flags(CLI::App& app, IdentityFlags& flags) {
  add_text(app, "--password-source", flags.password_source, "SOURCE",
           "Where the key's password or PIN is: file:PATH, env:NAME, fd:N,\n"
           "credential:NAME (of systemd) or command:WORDS (run without a\n"
           "shell). Default: asked for on the terminal",
           group);
  add_text(app, "--pkcs8-password", flags.pkcs8_password, "PASSWORD",
           "The password itself; every user of the machine can read it", group);
  add_text(app, "--pkcs12-entry", flags.options.pkcs12_entry, "NAME",
           "Of several keys in a PKCS#12 file the one with this friendlyName\n"
           "(alias), or whose certificate has this subject",
           group);
}

void finish_identity_flags(const CLI::App& app, IdentityFlags& flags, const Reporter& reporter) {
  refuse_shared_descriptor(flags);
  const IdentityOptions& options = flags.options;
  const CLI::Option* selector = app.get_option_no_throw("--cert-selector");
  if (selector != nullptr && selector->count() > 0) {
    identity::parse_selector(options.cert_selector);
    if (!options.certificate.empty()) {
      throw Error(ErrorKind::usage, "--certificate and --cert-selector exclude each other");
    }
  }
  if (options.tpm_key_has_no_password && !flags.tpm_key_password.empty()) {
    throw Error(ErrorKind::usage,
                "--tpm-key-password and --no-tpm-key-password exclude each other");
  }
  for (const auto& [name, password] : {std::pair("--pkcs8-password", &flags.pkcs8_password),
                                       std::pair("--tpm-key-password", &flags.tpm_key_password)}) {
    if (password->empty()) continue;
    if (!flags.password_source.empty()) {
      throw Error(ErrorKind::usage,
                  std::string(name) + " and --password-source exclude each other");
    }
  }
  end_where_hardware_is_silent(hardware_patience);
  // The TPM's library writes to standard error of its own accord, what our messages say too.
  set_for_us_alone("TSS2_LOG", "all+none");
  flags.options.password =
      password_source(flags.password_source,
                      {Secret(flags.pkcs8_password), Secret(flags.tpm_key_password)}, reporter);
  for (std::string* password : {&flags.pkcs8_password, &flags.tpm_key_password}) {
    wipe(password->data(), password->size());
    password->clear();
  }
}

}  // namespace rolecall::cli

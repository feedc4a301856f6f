#include "cli/identity_flags.h"

#include <CLI/CLI.hpp>
#include <array>

#include "base/files.h"
#include "cli/flags.h"
#include "cli/password.h"
#include "identity/selector.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr const char* group = "Who asks";

// Flags of the official helper that speak of tokens, TPMs and Windows' stores alone: beside files
// they change nothing there either. A token or a TPM itself is refused where it is named.
struct IdleFlag {
  const char* name;
  bool takes_value;
};
constexpr std::array<IdleFlag, 6> idle_flags = {{
    {"--system-store-name", true},
    {"--use-latest-expiring-certificate", false},
    {"--pkcs11-lib", true},
    {"--reuse-pin", false},
    {"--tpm-key-password", true},
    {"--no-tpm-key-password", false},
}};

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

void refuse_selector(const CLI::App& app) {
  const CLI::Option* option = app.get_option_no_throw("--cert-selector");
  if (option == nullptr || option->count() == 0) return;
  // What is wrong today will be wrong when it is supported.
  identity::parse_selector(option->as<std::string>());
  throw Error(ErrorKind::usage, "--cert-selector is not supported yet",
              "this version reads certificates and private keys from files");
}

}  // namespace

void add_identity_flags(CLI::App& app, IdentityFlags& flags) {
  IdentityOptions& options = flags.options;
  add_text(app, "--certificate", options.certificate, "FILE",
           "Required. PEM file with the certificate; may hold its chain too,\n"
           "in any order. Or a PKCS#12 file, which holds key and chain. - for\n"
           "standard input, fd:N for an open descriptor (all three flags)",
           group);
  add_text(app, "--private-key", options.private_key, "FILE",
           "Required, but for PKCS#12. PEM file with its private key: PKCS#8,\n"
           "PKCS#1 or SEC1, encrypted or not; RSA of 2048 to 8192 bits, P-256,\n"
           "P-384 or P-521",
           group);
  add_text(app, "--intermediates", options.intermediates, "FILE",
           "PEM file with the certificates between it and the trust anchor", group);
  add_password_flags(app, flags);
  // Not in --help.
  app.add_option("--cert-selector")->expected(0, 1)->group("");
  for (const IdleFlag& idle : idle_flags) {
    CLI::Option* option =
        idle.takes_value ? app.add_option(idle.name)->expected(0, 1) : app.add_flag(idle.name);
    option->group("");
  }
}

void add_password_flags(CLI::App& app, IdentityFlags& flags) {
  add_text(app, "--password-source", flags.password_source, "SOURCE",
           "Where an encrypted key's password is: file:PATH, env:NAME, fd:N,\n"
           "credential:NAME (of systemd) or command:WORDS (run without a\n"
           "shell). Default: asked for on the terminal",
           group);
  add_text(app, "--pkcs8-password", flags.pkcs8_password, "PASSWORD",
           "The password itself; every user of the machine can read it", group);
}

void finish_identity_flags(const CLI::App& app, IdentityFlags& flags, const Reporter& reporter) {
  refuse_selector(app);
  refuse_shared_descriptor(flags);
  if (!flags.pkcs8_password.empty() && !flags.password_source.empty()) {
    throw Error(ErrorKind::usage, "--pkcs8-password and --password-source exclude each other");
  }
  flags.options.password = password_source(flags.password_source, flags.pkcs8_password, reporter);
  wipe(flags.pkcs8_password.data(), flags.pkcs8_password.size());
  flags.pkcs8_password.clear();
}

}  // namespace rolecall::cli

// The flags that say who asks, with the official helper's names: for every command that reads a
// certificate or a key.
#pragma once

#include <string>

#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace CLI {
class App;
}

namespace rolecall::cli {

struct IdentityFlags {
  IdentityOptions options;
  std::string password_source;
  std::string pkcs8_password;  // these two are empty again after finish_identity_flags
  std::string tpm_key_password;
};

// Declares the flags; `flags` must outlive the parse.
void add_identity_flags(CLI::App& app, IdentityFlags& flags);

// Those of them alone that search tokens for a certificate.
void add_selector_flags(CLI::App& app, IdentityFlags& flags);

// Those of them alone that say where the password is, and which entry of a PKCS#12 file is meant.
void add_password_flags(CLI::App& app, IdentityFlags& flags);

// After the parse, for any of them: refuses flags that exclude each other and a --cert-selector
// that is ill-formed, and makes the source of the key's password. Throws Error (usage).
void finish_identity_flags(const CLI::App& app, IdentityFlags& flags, const Reporter& reporter);

}  // namespace rolecall::cli

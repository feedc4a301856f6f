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
  std::string pkcs8_password;  // empty again after finish_identity_flags
};

// Declares the flags; `flags` must outlive the parse.
void add_identity_flags(CLI::App& app, IdentityFlags& flags);

// Those of them alone that say where the password is.
void add_password_flags(CLI::App& app, IdentityFlags& flags);

// After the parse, for either: refuses --cert-selector, whose sources this version does not have
// (as ill-formed where it is), and makes the source of the key's password. Throws Error (usage).
void finish_identity_flags(const CLI::App& app, IdentityFlags& flags, const Reporter& reporter);

}  // namespace rolecall::cli

// PINs: where they come from, and how sparingly they are tried.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "identity/hardware/pkcs11.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity::pkcs11 {

// A PIN is taken from pin-value or pin-source of the first URI that has one and matches the token,
// else from the PasswordSource. It is sent once: what a token has refused is never sent to it
// again, whoever gives it (spent_passwords.h). A token that has one try left gets it from a person
// alone: PasswordRequest::tries_left says so to the source. What one token took goes to no other,
// unless a person gives it anew.
class Pins {
 public:
  // `reuse` as IdentityOptions::reuse_pin; `reporter` is told of a PIN file that others may read.
  Pins(std::vector<Uri> uris, PasswordSource source, bool reuse, Reporter reporter);

  // Whether a URI gives this token's PIN.
  bool has_own(const Token& token) const;

  // Nothing where the token needs no login, or has one. Throws Error that tells apart: usage for a
  // wrong PIN or none, failed for one that is locked, expired or not set.
  void log_in(const Token& token);

  // For a key with always_authenticate, after begin_sign.
  void log_in_for(const Token& token, const Object& key);

 private:
  struct Given;
  Given next(const Token& token, const std::string& what, LoginAs who, int attempt,
             const PinState& state) const;
  void enter(const Token& token, const std::string& what, LoginAs who);

  std::vector<Uri> uris_;
  PasswordSource source_;
  bool reuse_;
  Reporter reporter_;
  std::map<std::string, Token> taken_;  // by Given::from
  Secret user_pin_;                     // with reuse_, once it is known
};

}  // namespace rolecall::identity::pkcs11

// Where PINs come from, and the rules that keep a token from locking itself.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "identity/hardware/pkcs11.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity::pkcs11 {

// The PIN comes from pin-value or pin-source of the first URI that has one and matches the token,
// otherwise from the PasswordSource.
//
// A PIN is sent once: a PIN that a token has refused is never sent to it again, whoever gives it
// (refused_passwords.h). If a token has one try left, only a person may use it:
// PasswordRequest::tries_left tells the source. A PIN that one token accepted is not sent to
// another token unless a person enters it again.
class Pins {
 public:
  // `reuse` is IdentityOptions::reuse_pin. `reporter` gets a warning if others can read a PIN file.
  Pins(std::vector<Uri> uris, PasswordSource source, bool reuse, Reporter reporter);

  // Whether one of the URIs has a PIN for this token.
  bool has_own(const Token& token) const;

  // Logs in, unless the token needs no login or is logged in already. Throws Error: usage if the
  // PIN is wrong or missing; failed if the PIN is locked, expired or not set.
  void log_in(const Token& token);

  // Logs in for one signature with a key that has always_authenticate. To be called after
  // begin_sign.
  void log_in_for(const Token& token, const Object& key);

 private:
  struct PinWithOrigin;
  PinWithOrigin get_pin(const Token& token, const std::string& what, LoginAs who, int attempt,
                        const PinState& state) const;
  void log_in_as(const Token& token, const std::string& what, LoginAs who);

  std::vector<Uri> uris_;
  PasswordSource source_;
  bool reuse_;
  Reporter reporter_;
  std::map<std::string, Token> accepted_by_;  // by PinWithOrigin::origin
  Secret user_pin_;                           // only with reuse_, after the login
};

}  // namespace rolecall::identity::pkcs11

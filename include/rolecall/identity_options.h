// Who asks: where a certificate and its key are to be found.
#pragma once

#include <functional>
#include <string>

#include "rolecall/secret.h"

namespace rolecall {

// What a password is wanted for.
struct PasswordRequest {
  std::string what;  // "private key file /etc/x.key": for a prompt or a message
  int attempt = 1;   // more after wrong ones, up to 3
};

// Gives a password, or throws Error. One that has no other answer than the last throws at attempt
// 2, in words that say where the wrong password came from.
using PasswordSource = std::function<Secret(const PasswordRequest&)>;

// Where the certificate, its chain and its key are. All are paths of PEM files, "-" for standard
// input or "fd:N" for the open descriptor N; each is read once, also where two name the same.
struct IdentityOptions {
  std::string certificate;    // the leaf, in any position, and as much of its chain as there is; or
                              // a PKCS#12 file, which holds all three: the others are empty then
  std::string private_key;    // PKCS#8, PKCS#1 or SEC1, encrypted or not
  std::string intermediates;  // more of the chain, in any order; may be empty
  PasswordSource password;    // asked where a key is encrypted, and only then; may be empty
};

}  // namespace rolecall

// Who asks: where a certificate and its key are to be found.
#pragma once

#include <functional>
#include <string>

#include "rolecall/secret.h"

namespace rolecall {

class Deadline;

enum class PasswordKind { file, pin, tpm_key };
enum class TriesLeft { unknown, few, one };

// What a password is wanted for.
struct PasswordRequest {
  std::string what;  // "private key file /etc/x.key", "token app": for a prompt or a message
  int attempt = 1;   // more after wrong ones, up to 3
  PasswordKind kind = PasswordKind::file;
  // Before a token locks itself. One that no person answers for should throw at `one`, as a wrong
  // password would be sent by the next run, too.
  TriesLeft tries_left = TriesLeft::unknown;
  // Another token that took the PIN from this source, and has not got the key; mostly empty. A
  // source that would give the same should throw: a PIN is not for other tokens.
  std::string taken_by = {};
  // Of the run; nullptr: none. It stands still while the source is asked.
  Deadline* deadline = nullptr;
};

// Gives a password, or throws Error. One that has no other answer than the last throws at attempt
// 2, in words that say where the wrong password came from.
using PasswordSource = std::function<Secret(const PasswordRequest&)>;

// Where the certificate, its chain and its key are. Files are in PEM; "-" is standard input and
// "fd:N" the open descriptor N; each is read once, also where two name the same.
struct IdentityOptions {
  std::string certificate;  // the leaf, in any position, and as much of its chain as there is; or
                            // a PKCS#12 file, which holds all three: the others are empty then; or
                            // a pkcs11: URI, of a token that may hold the key and the chain, too
  std::string private_key;  // PKCS#8, PKCS#1 or SEC1, encrypted or not, or TSS2 (a key of a TPM);
                            // a PKCS#12 file, for its key alone; a pkcs11: URI; or handle:0x… (a
                            // persistent key of the TPM); empty: beside the certificate
  std::string intermediates;  // more of the chain, in any order; may be empty
  PasswordSource password;    // asked where a key needs one, and only then; may be empty

  std::string cert_selector;  // in place of `certificate`: searches every token (selector.h has its
                              // form)
  bool use_latest = false;  // of several certificates on tokens the one that is valid and ends last
  std::string pkcs11_module;  // the one module to use; empty: all that p11-kit knows
  bool reuse_pin = false;     // the user PIN serves keys that want one for each signature
  bool tpm_key_has_no_password = false;  // else that of a handle is asked for
  std::string pkcs12_entry;  // of several keys in a PKCS#12 file: the friendlyName, or the subject
                             // of the certificate, of the one to use
};

}  // namespace rolecall

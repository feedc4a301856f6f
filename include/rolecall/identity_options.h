// Who asks: where a certificate and its key are to be found.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "rolecall/secret.h"
#include "rolecall/selector.h"
#include "rolecall/source.h"

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

// Where the certificate, its chain and its key are. A file is in PEM unless something else is said.
// Each source is read once, also if two members name the same one.
struct IdentityOptions {
  // The leaf, in any position, and as much of its chain as the file has. Or a PKCS#12 file, which
  // holds the key and the chain too: the next two members are then empty. Or a pkcs11: URI of a
  // token, which may hold the key and the chain too.
  Source certificate;
  // PKCS#8, PKCS#1 or SEC1, encrypted or not; TSS2 (a key of a TPM); a PKCS#12 file, of which only
  // the key is used; a pkcs11: URI; or handle:0x… (a persistent key of the TPM). Empty: the key is
  // beside the certificate.
  Source private_key;
  Source intermediates;     // more of the chain, in any order; may be empty
  PasswordSource password;  // asked only if a key needs a password; may be empty

  std::optional<Selector> selector;  // instead of `certificate`: every token is searched
  bool use_latest = false;    // if several certificates on tokens match: the valid one that expires
                              // last
  std::string pkcs11_module;  // the only module to use; empty: all that p11-kit knows
  bool reuse_pin = false;     // the user PIN is also sent for keys that ask for each signature
  bool tpm_key_has_no_password = false;  // false: the password of a handle is asked for
  // The key to use if a PKCS#12 file has several: its friendlyName, or the subject of its
  // certificate.
  std::string pkcs12_entry;
};

}  // namespace rolecall

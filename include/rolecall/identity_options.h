// Where to find a certificate, its chain and its private key.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "rolecall/secret.h"
#include "rolecall/selector.h"
#include "rolecall/source.h"

namespace rolecall {

class Deadline;  // internal: no installed header defines it

enum class PasswordKind { file, pin, tpm_key };
enum class TriesLeft { unknown, few, one };

// What a PasswordSource is asked for.
struct PasswordRequest {
  std::string what;  // for prompts and messages: "private key file /etc/x.key", "token app"
  int attempt = 1;   // 2 or 3 if the previous password was wrong
  PasswordKind kind = PasswordKind::file;
  // How many wrong PINs the token accepts before it locks itself. At `one`, a source that does not
  // ask a person should throw, because the next run would send the same wrong PIN.
  TriesLeft tries_left = TriesLeft::unknown;
  // The name of another token that accepted the PIN from this source but does not have the key.
  // Usually empty. If it is not empty, a source that would give the same PIN again should throw,
  // because a PIN must not be sent to another token.
  std::string accepted_by = {};
  // Ignore this member: it is for the sources of the program. It is the deadline of the run, or
  // nullptr. It is paused while any source is asked.
  Deadline* deadline = nullptr;
};

// Returns a password, or throws Error. If a source can only give the same password again, it throws
// at attempt 2, and the message says where the wrong password came from.
using PasswordSource = std::function<Secret(const PasswordRequest&)>;

// Where the certificate, its chain and its key are. Files are in PEM, except where another format
// is named. Each source is read only once, even if two members name the same one.
struct IdentityOptions {
  // One of these:
  // - A file with the leaf at any position. It may also contain its chain and the private key.
  // - A PKCS#12 file. It also contains the key and the chain, so the next two members are not used.
  // - A pkcs11: URI. The token may also contain the key and the chain.
  // - spiffe:unix:///PATH, a SPIFFE agent. It also gives the key and the chain, which are only in
  //   memory, so the next two members are not used.
  Source certificate;
  // One of these; empty if `certificate` also gives the key:
  // - A file with a PKCS#8, PKCS#1 or SEC1 key, which may be encrypted, or a TSS2 key of a TPM.
  // - A PKCS#12 file. Only its key is used.
  // - A pkcs11: URI.
  // - handle:0x…, the persistent handle of a key in the TPM.
  Source private_key;
  Source intermediates;     // more of the chain, in any order; may be empty
  PasswordSource password;  // called only if a key needs a password; may be empty

  std::optional<Selector> selector;  // used instead of `certificate`: all tokens are searched
  // If several certificates on tokens match, use the valid one that expires last.
  bool use_latest = false;
  std::string pkcs11_module;  // the only module to use; empty: all modules that p11-kit knows
  bool reuse_pin = false;  // send the user PIN also for keys that ask for a PIN at each signature
  bool tpm_key_has_no_password = false;  // false: ask for the password of a handle
  // Which key of a PKCS#12 file to use if it has several: the key's friendlyName, or the subject of
  // its certificate.
  std::string pkcs12_entry;
};

}  // namespace rolecall

// Passwords tried on what is encrypted, whatever its format.
#pragma once

#include <openssl/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "rolecall/identity_options.h"

namespace rolecall::identity {

// How many passwords or PINs a person may give in one run, for a file or for hardware.
inline constexpr int most_attempts = 3;

enum class Decryption { done, wrong_password, unsupported };

// What decrypts with algorithms out of `library` (nullptr: OpenSSL's default). Leaves its reason
// for `unsupported` in OpenSSL's error queue.
using DecryptAttempt = std::function<Decryption(OSSL_LIB_CTX* library)>;

// Makes attempts on one file. Old algorithms (single DES, RC2, …) come from OpenSSL's legacy
// provider, which is loaded when an attempt turns out to need it, and for that alone: nothing else
// in the process can use its algorithms.
class Decryptor {
 public:
  // `name` is the file's in messages, `algorithm` what it says that it is encrypted with ("": not
  // known), `command` what asks for its password too, for a hint. While a password is asked for,
  // `deadline` (nullptr: none) stands still.
  Decryptor(std::string name, std::string algorithm, const char* command, Deadline* deadline);
  Decryptor(const Decryptor&) = delete;
  Decryptor& operator=(const Decryptor&) = delete;
  ~Decryptor();

  // false: a wrong password. Throws Error (usage) where OpenSSL cannot decrypt it at all.
  bool attempt(const DecryptAttempt& attempt);

  // Asks `source` for passwords until one fits, three times at most. Throws Error (usage) where
  // there is no source or none fits, and what the source throws.
  void ask(const PasswordSource& source,
           const std::function<Decryption(OSSL_LIB_CTX*, std::string_view)>& attempt);

 private:
  void load_legacy(const std::string& reason);

  std::string name_;
  std::string algorithm_;
  const char* command_;
  Deadline* deadline_;
  OSSL_LIB_CTX* library_ = nullptr;
  OSSL_PROVIDER* standard_ = nullptr;
  OSSL_PROVIDER* legacy_ = nullptr;
};

// After a function of OpenSSL that decrypts with a password has failed: was it the algorithm, so
// that no other password can help? A wrong password's reasons are taken out of the error queue.
Decryption why_decryption_failed();

}  // namespace rolecall::identity

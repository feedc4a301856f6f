// Decrypts keys and PKCS#12 files with passwords, whatever their format.
#pragma once

#include <openssl/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "rolecall/identity_options.h"

namespace rolecall::identity {

// How many passwords or PINs a person can enter in one run, for a file or for hardware.
inline constexpr int max_attempts = 3;

enum class Decryption { done, wrong_password, unsupported };

// A function that decrypts with algorithms from `library` (nullptr: OpenSSL's default library
// context). If it returns `unsupported`, it leaves the reason in OpenSSL's error queue.
using DecryptAttempt = std::function<Decryption(OSSL_LIB_CTX* library)>;

// Makes the attempts to decrypt one file. Old algorithms (single DES, RC2, …) are in OpenSSL's
// legacy provider. It is loaded only if an attempt needs it, and only into a library context of its
// own. So nothing else in the process can use these algorithms.
class Decryptor {
 public:
  // `name` is the name of the file, for messages. `algorithm` is the algorithm that the file says
  // it is encrypted with ("" if unknown). `command` is a command that also asks for the password,
  // for a hint. The clock of `deadline` (nullptr: no limit) stops while a person is asked for a
  // password.
  Decryptor(std::string name, std::string algorithm, const char* command, Deadline* deadline);
  Decryptor(const Decryptor&) = delete;
  Decryptor& operator=(const Decryptor&) = delete;
  ~Decryptor();

  // Returns false if the password was wrong. Throws Error (usage) if OpenSSL cannot decrypt the
  // file at all.
  bool attempt(const DecryptAttempt& attempt);

  // Asks `source` for passwords until one is right, at most three times. Throws Error (usage) if
  // there is no source or no password was right. Also throws what `source` throws.
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

// To be called after an OpenSSL function has failed to decrypt with a password. Returns
// wrong_password if another password could succeed, and unsupported if the cause is the algorithm.
// If the password was wrong, the error queue is empty afterwards.
Decryption why_decryption_failed();

}  // namespace rolecall::identity

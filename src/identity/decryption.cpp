#include "identity/decryption.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12err.h>
#include <openssl/provider.h>

#include <new>

#include "base/library.h"
#include "base/openssl.h"
#include "base/text.h"
#include "base/waiting.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

constexpr const char* how_to_encrypt_again =
    ": openssl pkcs8 -topk8 -v2 aes-256-cbc; openssl pkcs12 -export";

// The oldest error in the queue is the cause of the others. Empties the queue.
std::string first_reason() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : openssl_reason(code);
  return reason == nullptr ? "unsupported" : reason;
}

}  // namespace

Decryptor::Decryptor(std::string name, std::string algorithm, const char* command,
                     Deadline* deadline)
    : name_(std::move(name)),
      algorithm_(algorithm.empty() ? "an algorithm" : std::move(algorithm)),
      command_(command),
      deadline_(deadline) {}

Decryptor::~Decryptor() {
  if (legacy_ != nullptr) OSSL_PROVIDER_unload(legacy_);
  if (standard_ != nullptr) OSSL_PROVIDER_unload(standard_);
  OSSL_LIB_CTX_free(library_);
}

void Decryptor::load_legacy(const std::string& reason) {
  const std::string what =
      name_ + " is encrypted with " + algorithm_ + " that needs OpenSSL's legacy provider";
  const std::string or_encrypt_again =
      ", or encrypt the key again on the machine where it is: openssl pkcs8 -topk8 -provider "
      "legacy -provider "
      "default; openssl pkcs12";
  library_ = OSSL_LIB_CTX_new();
  if (library_ == nullptr) throw std::bad_alloc();
  standard_ = OSSL_PROVIDER_load(library_, "default");
  legacy_ = OSSL_PROVIDER_load(library_, "legacy");
  ERR_clear_error();
  if (standard_ != nullptr && legacy_ != nullptr) return;
  throw Error(ErrorKind::usage, what + ", which cannot be loaded here (" + reason + ")",
              "install the provider (Debian 13: openssl-provider-legacy)" + or_encrypt_again);
}

bool Decryptor::attempt(const DecryptAttempt& attempt) {
  const Waiting waiting("the decryption of " + name_);
  Decryption result = attempt(library_);
  if (result == Decryption::unsupported && library_ == nullptr) {
    load_legacy(first_reason());
    result = attempt(library_);
  }
  if (result == Decryption::unsupported) {
    const std::string why = libraries_are_inside
                                ? " that is not built into this program"
                                : " that OpenSSL does not support: " + first_reason();
    throw Error(ErrorKind::usage, cat(name_, " is encrypted with ", algorithm_, why),
                cat("encrypt the file again", how_to_encrypt_again));
  }
  ERR_clear_error();
  return result == Decryption::done;
}

void Decryptor::ask(
    const PasswordSource& source,
    const std::function<Decryption(OSSL_LIB_CTX*, std::string_view)>& attempt_with) {
  if (!source) {
    throw Error(ErrorKind::usage, name_ + " is encrypted, and no password was given",
                "`password-source` names the source of the password");
  }
  for (int number = 1; number <= max_attempts; ++number) {
    const Secret password = [&] {
      const Deadline::Pause pause(deadline_);
      PasswordRequest request{name_, number};
      request.deadline = deadline_;
      return source(request);
    }();
    // An empty password is a password. OpenSSL would take a null pointer as no password.
    const std::string_view text = password.empty() ? std::string_view("") : password.view();
    if (attempt([&](OSSL_LIB_CTX* library) { return attempt_with(library, text); })) return;
  }
  throw Error(
      ErrorKind::usage, cat("wrong password for ", name_, ", ", max_attempts, " times"),
      cat("is this the password of this file? check whether the password works: ", command_));
}

Decryption why_decryption_failed() {
  // If the password is wrong, OpenSSL reports bad padding or bad plain text. If only the MAC
  // differs, it reports no error. Any other error means that the cipher or the key derivation did
  // not start.
  const unsigned long first = ERR_peek_error();
  bool wrong_password = first == 0;
  while (const unsigned long code = ERR_get_error()) {
    const int reason = ERR_GET_REASON(code);
    wrong_password = wrong_password ||
                     (ERR_GET_LIB(code) == ERR_LIB_PKCS12 &&
                      (reason == PKCS12_R_PKCS12_CIPHERFINAL_ERROR ||
                       reason == PKCS12_R_DECODE_ERROR || reason == PKCS12_R_MAC_VERIFY_FAILURE));
  }
  if (wrong_password) return Decryption::wrong_password;
  ERR_raise(ERR_GET_LIB(first), ERR_GET_REASON(first));  // the message names it
  return Decryption::unsupported;
}

}  // namespace rolecall::identity

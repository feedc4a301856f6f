#include "identity/hardware/tpm_failure.h"

#include <openssl/err.h>

#include <cstdlib>

#include "base/openssl.h"

namespace rolecall::identity {
namespace {

using Cause = TpmFailure::Cause;

// The provider puts a TSS response code at the start of the data of its errors
// ("2446 tpm:session(1):…"): TPM 2.0 Library, part 2, 6.6; TSS 2.0 Overview, 5.
Cause cause_of(unsigned long code) {
  constexpr unsigned long tcti_layer = 10;
  if (code >> 16 == tcti_layer) return Cause::no_tpm;
  // TSS2_ESYS_RC_BAD_SEQUENCE: the TSS still waits for an answer that did not arrive.
  if (code == 0x70007) return Cause::connection_lost;
  if (code >> 16 != 0) return Cause::unknown;
  if (code == 0x921) return Cause::locked;         // TPM_RC_LOCKOUT
  if (code == 0x902) return Cause::no_tpm_memory;  // TPM_RC_OBJECT_MEMORY
  if ((code & 0x80) == 0) return Cause::unknown;
  switch (code & 0x3f) {  // format one: other bits name a handle, session or parameter
    case 0x0e:            // TPM_RC_AUTH_FAIL
    case 0x22:            // TPM_RC_BAD_AUTH
      return Cause::wrong_password;
    case 0x0b:  // TPM_RC_HANDLE
      return Cause::no_key;
    case 0x04:  // TPM_RC_VALUE: of a handle if neither TPM_RC_P nor TPM_RC_S is set
      return (code & 0x840) == 0 ? Cause::no_key : Cause::unknown;
    case 0x1f:  // TPM_RC_INTEGRITY
      return Cause::key_of_other_tpm;
    default:
      return Cause::unknown;
  }
}

}  // namespace

TpmFailure take_tpm_failure() {
  TpmFailure failure;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    if (failure.cause != Cause::unknown) continue;
    if (ERR_GET_LIB(code) == ERR_LIB_DSO) failure.cause = Cause::no_provider;
    const std::string text = (flags & ERR_TXT_STRING) != 0 && data != nullptr ? data : "";
    char* end = nullptr;
    const unsigned long response = std::strtoul(text.c_str(), &end, 10);
    if (end != text.c_str()) failure.cause = cause_of(response);
    if (end != text.c_str()) {
      failure.text = *end == ' ' ? std::string(end + 1) : "response code " + text;
    } else if (const char* reason = openssl_reason(code)) {
      failure.text = reason;
    }
  }
  return failure;
}

void throw_tpm_error(const std::string& name, const TpmFailure& failure) {
  switch (failure.cause) {
    case Cause::no_provider:
      throw Error(ErrorKind::usage,
                  name +
                      " is in a TPM, which needs OpenSSL's provider tpm2, and the provider cannot "
                      "be loaded",
                  "install the provider (Debian: tpm2-openssl)");
    case Cause::no_tpm:
      throw Error(ErrorKind::try_later,
                  "the TPM of " + name + " cannot be reached: " + failure.text,
                  "does the TPM exist (/dev/tpmrm0), and may this user use the TPM (group tss)? "
                  "TPM2OPENSSL_TCTI sets another connection to a TPM");
    case Cause::connection_lost:
      // Not try_later: this signer cannot be used again, because its key must be loaded again.
      throw Error(ErrorKind::failed, "the connection to the TPM of " + name + " was lost",
                  "a program that runs for a long time loads the key again");
    case Cause::locked:
      throw Error(ErrorKind::try_later,
                  "the TPM of " + name + " accepts no password now, after too many wrong passwords",
                  "the TPM accepts passwords again after a time; its owner can end this time: "
                  "tpm2_dictionarylockout --clear-lockout");
    case Cause::key_of_other_tpm:
      throw Error(
          ErrorKind::usage,
          name + " is a key of another TPM, or of this TPM before it was cleared: " + failure.text,
          "create a new key in this TPM, and get a certificate for this key");
    case Cause::no_key:
      throw Error(
          ErrorKind::usage,
          name + ": the TPM has no such key, or the key has another parent: " + failure.text,
          "tpm2_getcap handles-persistent lists the keys that the TPM keeps");
    case Cause::no_tpm_memory:
      throw Error(
          ErrorKind::try_later, "the TPM has no free memory to load " + name + ": " + failure.text,
          "use the TPM through a resource manager (/dev/tpmrm0, tpm2-abrmd), or free its memory: "
          "tpm2_flushcontext --transient-object");
    case Cause::wrong_password:
      throw WrongPassword(
          ErrorKind::usage, "wrong password for " + name,
          "the password is not tried again, because the TPM counts wrong passwords");
    case Cause::unknown:
      break;
  }
  throw Error(ErrorKind::failed, "the TPM cannot use " + name + ": " + failure.text);
}

}  // namespace rolecall::identity

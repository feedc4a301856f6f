// Why OpenSSL's provider tpm2 failed.
#pragma once

#include <string>

#include "rolecall/error.h"

namespace rolecall::identity {

struct TpmFailure {
  enum class Cause {
    unknown,
    no_provider,
    no_tpm,
    connection_lost,
    wrong_password,
    locked,
    key_of_other_tpm,
    no_key,
    no_tpm_memory
  };
  Cause cause = Cause::unknown;
  std::string text = "unknown error";
};

// Empties OpenSSL's error queue. The first known error counts, because it causes the others.
TpmFailure take_tpm_failure();

struct WrongPassword : Error {
  using Error::Error;
};

// Throws the Error for a failure. `name` is the name of the key. The type of the Error is
// WrongPassword if the TPM refused a password.
[[noreturn]] void throw_tpm_error(const std::string& name, const TpmFailure& failure);

}  // namespace rolecall::identity

// Keys of a TPM 2.0, by way of OpenSSL's provider tpm2 (the project tpm2-openssl).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "identity/pem.h"
#include "identity/signer.h"
#include "rolecall/identity_options.h"

namespace rolecall::identity {

struct TpmKey {
  std::unique_ptr<Signer> signer;
  EvpPkeyPtr public_half;  // OpenSSL's default library's
};

// One that only its TPM can read (draft-bottomley-tpm2-keys).
inline bool is_tpm_key(const PemBlock& block) {
  return block.label == "TSS2 PRIVATE KEY";
}

// Loads the provider, for this key alone, and with it the key: `handle` is "handle:0x81000001"
// (hex), `block` a file's. The password is asked for where the file says that there is one,
// and for every handle, unless options.tpm_key_has_no_password; a signature tells at once whether
// it is right. Which TPM it is, is the provider's matter (TPM2OPENSSL_TCTI). Throws Error that
// tells apart: usage for no provider, a wrong password, a key of another TPM, a handle without a
// key; try_later for no TPM, and one that is locked after too many wrong passwords.
TpmKey load_tpm_handle(const std::string& handle, const IdentityOptions& options);
TpmKey load_tpm_file(const PemBlock& block, const std::string& name,
                     const IdentityOptions& options);

}  // namespace rolecall::identity

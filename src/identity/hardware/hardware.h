// Certificates and keys in hardware: PKCS#11 tokens and TPMs. Other folders include only this
// header of the folder.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "identity/certificate.h"
#include "identity/pem.h"
#include "identity/signer.h"
#include "rolecall/hardware.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

// --- Tokens ---

// Whether the options name a certificate, or a key, on a token.
bool certificate_is_on_token(const IdentityOptions& options);
bool key_is_on_token(const IdentityOptions& options);

struct FromTokens {
  // Those that may be the leaf; empty if the certificate is not on a token.
  std::vector<Certificate> certificates;
  // All certificates of the same token: some may be issuers of the leaf.
  std::vector<Certificate> neighbours;
  std::unique_ptr<Signer> signer;  // nullptr if the key is not on a token
  EvpPkeyPtr public_key;           // of the signer, if it is known
};

// Searches the tokens for what `options` says is there, and logs in to the token that has the key.
// `certificates` are those from files; the key belongs to one of them. If a token has gone away,
// the search is done a second time, because its module may find it again. Throws Error: usage if
// there is no match or more than one, failed if a token refuses, try_later if there is no such
// token.
FromTokens read_tokens(const IdentityOptions& options, const std::vector<Certificate>& certificates,
                       std::chrono::sys_seconds now, const Reporter& reporter);

struct TokenCertificate {
  Certificate certificate;
  std::string uri;                      // RFC 7512; matches only this certificate
  std::vector<Certificate> neighbours;  // all of the same token, itself too
};

// Every certificate on a token that options.certificate (a pkcs11: URI) or options.selector
// matches. It is no error if there is none. Throws Error as above.
std::vector<TokenCertificate> list_tokens(const IdentityOptions& options, const Reporter& reporter);

// --- TPMs, by OpenSSL's provider tpm2 (the project tpm2-openssl) ---

struct TpmKey {
  std::unique_ptr<Signer> signer;
  EvpPkeyPtr public_key;  // of OpenSSL's default library context
};

// Whether the block is a key that only its TPM can read (draft-bottomley-tpm2-keys).
bool is_tpm_key(const PemBlock& block);

// Loads the provider, for this key only, and with it the key. `handle` is "handle:0x81000001"
// (hex), `block` a block of the file `name`. The password is asked for if the file says that there
// is one, and for every handle unless options.tpm_key_has_no_password; a signature shows at once
// whether it is right. Which TPM is used is decided by the provider (TPM2OPENSSL_TCTI). Throws
// Error: usage if there is no provider, or for a wrong password, a key of another TPM or a handle
// without a key; try_later if there is no TPM, or if it is locked after too many wrong passwords.
TpmKey load_tpm_handle(const std::string& handle, const IdentityOptions& options);
TpmKey load_tpm_file(const PemBlock& block, const std::string& name,
                     const IdentityOptions& options);

// --- Drivers that do not answer (rolecall/hardware.h sets the limit) ---

extern const char* const hint_for_silent_hardware;

// The hardware that `thread` waits for beyond the limit at this moment.
std::optional<SilentHardware> silent_hardware(std::thread::id thread);

// --- For a PasswordSource ---

// For a prompt or a message: how close the hardware is to locking itself.
const char* tries_text(TriesLeft left);

// Throws Error (failed): only a person may use the last try. `pin` is such as "the PIN from
// ROLECALL_PIN".
[[noreturn]] void refuse_last_try(const std::string& what, const std::string& pin);

// Throws Error (usage): `pin` is for the token `first`, which accepted it, and for no other token.
[[noreturn]] void refuse_second_token(const std::string& first, const std::string& pin);

}  // namespace rolecall::identity

// Certificates and keys in hardware: PKCS#11 tokens and TPMs. Code in other folders includes only
// this header of the folder.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "identity/certificate.h"
#include "identity/signer.h"
#include "rolecall/hardware.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

struct PemBlock;

// --- Tokens ---

// Whether the options name a certificate, or a key, on a token.
bool certificate_is_on_token(const IdentityOptions& options);
bool key_is_on_token(const IdentityOptions& options);

struct TokenObjects {
  // Certificates that can be the leaf; empty if the certificate is not on a token.
  std::vector<Certificate> leaves;
  // All certificates on the token of the leaf. Some may be issuers of the leaf.
  std::vector<Certificate> certificates_on_token;
  std::unique_ptr<Signer> signer;  // nullptr if the key is not on a token
  EvpPkeyPtr public_key;           // of the signer, if it is known
};

// Searches the tokens for the certificate and the key that `options` names. Logs in to the token
// that has the key. `certificates` are those from files: the key must match one of them. If a token
// was removed, searches a second time, because its module may find it again. Throws Error: usage
// if nothing matches or several objects match, failed if a token refuses, try_later if no token
// matches.
TokenObjects read_tokens(const IdentityOptions& options,
                         const std::vector<Certificate>& certificates, std::chrono::sys_seconds now,
                         const Reporter& reporter);

struct TokenCertificate {
  Certificate certificate;
  std::string uri;                                 // RFC 7512; matches only this certificate
  std::vector<Certificate> certificates_on_token;  // including this one
};

// Returns every certificate on a token that matches options.certificate (a pkcs11: URI) or
// options.selector; empty if none matches. Throws Error as read_tokens does.
std::vector<TokenCertificate> list_tokens(const IdentityOptions& options, const Reporter& reporter);

// --- TPMs, through OpenSSL's provider tpm2 (the project tpm2-openssl) ---

struct TpmKey {
  std::unique_ptr<Signer> signer;
  EvpPkeyPtr public_key;  // in OpenSSL's default library context
};

// Whether the block is a key that only its own TPM can use (draft-bottomley-tpm2-keys).
bool is_tpm_key(const PemBlock& block);

// Load the provider, for this key only, and then the key. `handle` is "handle:0x81000001" (hex).
// `block` is a block of the file `name`. The provider decides which TPM is used (TPM2OPENSSL_TCTI).
//
// The password of a key file is asked for if the file says that it has one. The password of a
// handle is asked for unless options.tpm_key_has_no_password is set. A test signature is made at
// once, because only a signature shows whether the password is right.
//
// Throw Error: usage if the provider cannot be loaded, for a wrong password, a key of another TPM,
// or a handle without a key; try_later if there is no TPM, or if the TPM is locked after too many
// wrong passwords.
TpmKey load_tpm_handle(const std::string& handle, const IdentityOptions& options);
TpmKey load_tpm_file(const PemBlock& block, const std::string& name,
                     const IdentityOptions& options);

// --- Drivers that do not answer (rolecall/hardware.h sets the limit) ---

extern const char* const hint_for_silent_hardware;

// The hardware that `thread` is waiting for, if it has exceeded the limit; otherwise nullopt.
std::optional<SilentHardware> silent_hardware(std::thread::id thread);

// Whether this process has called a driver. A key file, too, may be a key of a TPM.
bool hardware_was_used();

// --- PINs ---

// From now on, after a token has refused one PIN, no other PIN is sent to this token. For a command
// that only looks at tokens, and so must not lock them. Holds for the whole process.
void send_only_one_wrong_pin();

// --- For a PasswordSource ---

// For a prompt or a message: says that the token locks itself soon; empty if it does not.
const char* tries_text(TriesLeft left);

// Throws Error (failed) because only a person may use the last try. `token` is the name for
// messages, such as "token app". `pin` names the PIN, such as "the PIN from ROLECALL_PIN".
[[noreturn]] void refuse_last_try(const std::string& token, const std::string& pin);

// Throws Error (usage) because the token `first` accepted `pin`, which may not be sent to another
// token.
[[noreturn]] void refuse_second_token(const std::string& first, const std::string& pin);

}  // namespace rolecall::identity

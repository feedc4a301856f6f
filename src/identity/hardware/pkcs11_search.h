// Finds the certificate and the key on tokens that the user means (RFC 7512; the rules for
// certificates follow draft-woodhouse-cert-best-practice).
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "identity/certificate.h"
#include "identity/hardware/pkcs11.h"
#include "identity/hardware/pkcs11_key.h"
#include "identity/selector.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity::pkcs11 {

struct FoundCertificate {
  Certificate certificate;
  Token token;
  Object object;
};

struct FoundKey {
  std::unique_ptr<Signer> signer;
  EvpPkeyPtr public_key;  // nullptr if unknown, which is possible only if no certificate was given
};

// One search. The first call loads the modules, and the list of tokens does not change until the
// search ends. If a function throws TokenLost, a new search may find more.
class Search {
 public:
  // Throws Error (usage) if a URI or a selector is malformed.
  Search(const IdentityOptions& options, const Reporter& reporter);

  // Returns the certificates that options.certificate or options.selector matches, in the order of
  // the tokens; can be empty. A token may hide its certificates until the login. Such certificates
  // are found only if the URI has the PIN and matches exactly one token.
  std::vector<FoundCertificate> certificates();

  // For a hint: the certificates on the tokens, in the form of selectors.
  std::string selectors_on_tokens();

  // Returns the certificate that the user means, and all others in `found` with the same key. CA
  // certificates are ignored if there are other certificates. If `any_key` is true, returns the
  // certificates of all keys, because a given key decides later. Throws Error: usage if no
  // certificate is found, or if several are and options.use_latest is not set; try_later if no
  // token matches.
  std::vector<FoundCertificate> leaves(std::vector<FoundCertificate> found, bool any_key,
                                       std::chrono::sys_seconds now);

  // Returns every certificate on the tokens of `leaves`.
  std::vector<Certificate> certificates_on_tokens(const std::vector<FoundCertificate>& leaves);

  // Finds the private key that options.private_key names. If that is empty, finds the one that
  // belongs to `leaves`. `certificates` are those of `leaves`, or those from files. The key matches
  // one of them, unless there are none. Logs in to the key's token.
  //
  // Throws Error: usage if no key or more than one is possible, try_later if no token matches, and
  // what Pins throws. The search cannot be used afterwards, because the key takes the PINs with it.
  FoundKey key(const std::vector<FoundCertificate>& leaves,
               const std::vector<Certificate>& certificates) &&;

 private:
  struct Candidate;
  const std::vector<Token>& all_tokens(const std::string& module_path);
  std::vector<Token> matching(const std::optional<Uri>& uri);
  std::vector<Candidate> candidates(const Token& token, const std::vector<FoundCertificate>& leaves,
                                    const std::vector<Certificate>& certificates);
  std::vector<Candidate> log_in_and_search(const std::vector<Token>& tokens,
                                           const std::vector<FoundCertificate>& leaves,
                                           const std::vector<Certificate>& certificates);
  std::vector<Candidate> keys_in(const std::vector<Token>& scope,
                                 const std::vector<FoundCertificate>& leaves,
                                 const std::vector<Certificate>& certificates);
  static void narrow(std::vector<Candidate>& found, bool has_certificates);
  EvpPkeyPtr prove(OpenKey& key, const std::vector<Candidate>& found,
                   const std::vector<Certificate>& certificates);
  [[noreturn]] void refuse_without_token(const std::optional<Uri>& uri);
  [[noreturn]] static void refuse_several(const std::vector<Candidate>& found);
  [[noreturn]] void refuse_without_match(const std::vector<Token>& scope,
                                         const std::vector<Certificate>& certificates);

  const IdentityOptions& options_;
  const Reporter& reporter_;
  Pins pins_;
  std::optional<Uri> certificate_uri_;
  std::optional<Uri> key_uri_;
  std::map<std::string, std::vector<Token>> tokens_;
};

}  // namespace rolecall::identity::pkcs11

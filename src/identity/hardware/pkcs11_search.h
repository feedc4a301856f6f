// Which certificate and which key of which token is meant (RFC 7512; the rules for certificates
// follow draft-woodhouse-cert-best-practice).
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
  EvpPkeyPtr public_half;  // nullptr: not known, which is so only where no certificate was given
};

// One search: modules are loaded at the first question and stay as they are until its end. Where a
// function throws TokenGone, a new search may find more.
class Search {
 public:
  // Throws Error (usage) for a URI or a selector that is ill-formed.
  Search(const IdentityOptions& options, const Reporter& reporter);

  // What options.certificate or options.selector names, in the order of the tokens; may be
  // empty. A certificate that its token hides is found where the URI gives the PIN and matches one
  // token alone.
  std::vector<FoundCertificate> certificates();

  // For a hint: the certificates of the tokens here, in the form of a selector.
  std::string names_there();

  // Of these the one that is meant, and any other of the same key. CA certificates count only where
  // there is nothing else. With `any_key` those of all keys, as a key is given that decides. Throws
  // Error: usage where there is none, or several that options.use_latest does not decide between;
  // try_later where there is not even a token.
  std::vector<FoundCertificate> leaves(std::vector<FoundCertificate> found, bool any_key,
                                       std::chrono::sys_seconds now);

  // Every certificate of the tokens that these are on.
  std::vector<Certificate> neighbours(const std::vector<FoundCertificate>& leaves);

  // The private key that options.private_key names; where that is empty, the one that belongs to
  // `leaves`. It fits one of `certificates` (all of them where they come from a token), unless
  // there are none. Logs in to its token. Throws Error: usage where there is none or more than one
  // that could be meant, try_later where there is no such token, and what Pins throws. Ends the
  // search: the key takes the PINs along.
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
  [[noreturn]] void refuse_absent(const std::optional<Uri>& uri);
  [[noreturn]] static void refuse_several(const std::vector<Candidate>& found);
  [[noreturn]] void refuse_key(const std::vector<Token>& scope,
                               const std::vector<Certificate>& certificates);

  const IdentityOptions& options_;
  const Reporter& reporter_;
  Pins pins_;
  std::optional<Uri> certificate_uri_;
  std::optional<Uri> key_uri_;
  std::map<std::string, std::vector<Token>> tokens_;
};

}  // namespace rolecall::identity::pkcs11

#include <algorithm>
#include <utility>

#include "identity/hardware/hardware.h"
#include "identity/hardware/pkcs11_search.h"

namespace rolecall::identity {
namespace {

TokenObjects read_once(const IdentityOptions& options, const std::vector<Certificate>& certificates,
                       std::chrono::sys_seconds now, const Reporter& reporter) {
  pkcs11::Search search(options, reporter);
  std::vector<pkcs11::FoundCertificate> leaves;
  TokenObjects found;
  if (certificate_is_on_token(options)) {
    leaves = search.leaves(search.certificates(), !options.private_key.empty(), now);
    found.certificates_on_token = search.certificates_on_tokens(leaves);
    for (const pkcs11::FoundCertificate& leaf : leaves)
      found.leaves.push_back(leaf.certificate);
  }
  if (key_is_on_token(options)) {
    pkcs11::FoundKey key =
        std::move(search).key(leaves, found.leaves.empty() ? certificates : found.leaves);
    found.signer = std::move(key.signer);
    found.public_key = std::move(key.public_key);
  }
  return found;
}

std::vector<TokenCertificate> list_once(const IdentityOptions& options, const Reporter& reporter) {
  pkcs11::Search search(options, reporter);
  std::vector<TokenCertificate> all;
  // So that each token is read only once.
  std::vector<std::pair<pkcs11::Token, std::vector<Certificate>>> read;
  for (const pkcs11::FoundCertificate& one : search.certificates()) {
    auto known_token = std::find_if(read.begin(), read.end(),
                                    [&one](const auto& known) { return known.first == one.token; });
    if (known_token == read.end())
      known_token = read.emplace(known_token, one.token, search.certificates_on_tokens({one}));
    all.push_back({one.certificate, one.object.uri, known_token->second});
  }
  if (all.empty() && options.selector) {
    reporter.warning("no certificate matches `cert-selector` " + selector_text(*options.selector) +
                     "; " + search.selectors_on_tokens());
  }
  return all;
}

}  // namespace

bool certificate_is_on_token(const IdentityOptions& options) {
  return options.certificate.kind() == Source::Kind::token || options.selector.has_value();
}

bool key_is_on_token(const IdentityOptions& options) {
  return options.private_key.kind() == Source::Kind::token ||
         (options.private_key.empty() && certificate_is_on_token(options));
}

TokenObjects read_tokens(const IdentityOptions& options,
                         const std::vector<Certificate>& certificates, std::chrono::sys_seconds now,
                         const Reporter& reporter) {
  try {
    return read_once(options, certificates, now, reporter);
  } catch (const pkcs11::TokenLost& error) {
    // A module that has lost its state may find the token when it is started again.
    reporter.trace([&] { return std::string(error.what()) + "; searching again"; });
    return read_once(options, certificates, now, reporter);
  }
}

std::vector<TokenCertificate> list_tokens(const IdentityOptions& options,
                                          const Reporter& reporter) {
  try {
    return list_once(options, reporter);
  } catch (const pkcs11::TokenLost&) {
    return list_once(options, reporter);
  }
}

}  // namespace rolecall::identity

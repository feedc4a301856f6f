#include "identity/hardware/pkcs11_search.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/pkcs11_uri.h"
#include "base/text.h"
#include "identity/key_kind.h"

namespace rolecall::identity::pkcs11 {
namespace {

const auto uri_of_token = [](const Token& token) { return token.uri(); };
const auto uri_of_object = [](const auto& one) { return one.object.uri; };

bool contains(const std::vector<Token>& tokens, const Token& one) {
  return std::find(tokens.begin(), tokens.end(), one) != tokens.end();
}

bool matches_any(const EVP_PKEY* public_key, const std::vector<Certificate>& certificates) {
  return certificates.empty() || std::any_of(certificates.begin(), certificates.end(),
                                             [public_key](const Certificate& one) {
                                               return same_key(public_key, one.public_key());
                                             });
}

bool is_kind_of_any(KeyAlgorithm algorithm, const std::vector<Certificate>& certificates) {
  const int kind = algorithm == KeyAlgorithm::rsa ? EVP_PKEY_RSA : EVP_PKEY_EC;
  return certificates.empty() ||
         std::any_of(certificates.begin(), certificates.end(), [kind](const Certificate& one) {
           const EVP_PKEY* key = one.public_key();
           return key != nullptr && EVP_PKEY_get_base_id(key) == kind;
         });
}

// Whether key and certificate have the same id, or the same label if there is no id. This is used
// if the token does not provide the public key.
bool has_id_or_label_of_any(const Object& key, const std::vector<FoundCertificate>& leaves) {
  return leaves.empty() ||
         std::any_of(leaves.begin(), leaves.end(), [&key](const FoundCertificate& leaf) {
           return leaf.object.id.empty() ? leaf.object.label == key.label
                                         : leaf.object.id == key.id;
         });
}

std::vector<Certificate> certificates_on(const Token& token) {
  std::vector<Certificate> all;
  for (const Object& object : token.find(ObjectClass::certificate, nullptr)) {
    try {
      all.emplace_back(token.attribute(object, Attribute::value).value_or(""), object.uri);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::usage) throw;  // a damaged certificate is skipped
    }
  }
  return all;
}

EVP_PKEY* up_ref(EVP_PKEY* key) {
  return key != nullptr && EVP_PKEY_up_ref(key) == 1 ? key : nullptr;
}

std::vector<EVP_PKEY*> public_keys_of(const std::vector<Certificate>& certificates) {
  std::vector<EVP_PKEY*> public_keys;
  for (const Certificate& one : certificates)
    if (one.public_key() != nullptr) public_keys.push_back(one.public_key());
  return public_keys;
}

// options.pkcs11_module takes precedence over the module in the URI.
std::string module_of(const IdentityOptions& options, const std::optional<Uri>& uri) {
  return options.pkcs11_module.empty() && uri ? uri->module_path : options.pkcs11_module;
}

Pins make_pins(const IdentityOptions& options, const Reporter& reporter) {
  std::vector<Uri> uris;
  for (const Source* source : {&options.private_key, &options.certificate})
    if (source->kind() == Source::Kind::token) uris.push_back(parse_uri(source->text()));
  return {std::move(uris), options.password, options.reuse_pin, reporter};
}

}  // namespace

struct Search::Candidate {
  Token token;
  Object object;
  EvpPkeyPtr public_key;
};

Search::Search(const IdentityOptions& options, const Reporter& reporter)
    : options_(options), reporter_(reporter), pins_(make_pins(options, reporter)) {
  if (options.certificate.kind() == Source::Kind::token)
    certificate_uri_ = parse_uri(options.certificate.text());
  if (options.private_key.kind() == Source::Kind::token)
    key_uri_ = parse_uri(options.private_key.text());
}

const std::vector<Token>& Search::all_tokens(const std::string& module_path) {
  const auto [entry, is_new] = tokens_.try_emplace(module_path);
  std::vector<Token>& found = entry->second;
  if (!is_new) return found;
  found = tokens(module_path);
  reporter_.trace([&found] {
    std::string text = cat("PKCS#11 tokens: ", found.size());
    for (const Token& token : found)
      text += "\n  " + token.uri();
    return text;
  });
  return found;
}

std::vector<Token> Search::matching(const std::optional<Uri>& uri) {
  std::vector<Token> found;
  for (const Token& token : all_tokens(module_of(options_, uri)))
    if (!uri || token.matches(*uri)) found.push_back(token);
  return found;
}

void Search::refuse_without_token(const std::optional<Uri>& uri) {
  const std::vector<Token>& present = all_tokens(module_of(options_, uri));
  throw Error(
      ErrorKind::try_later,
      present.empty() || !uri ? "no PKCS#11 token was found" : "no token matches " + uri->text,
      present.empty() ? "is the token plugged in, and does p11-kit list-modules show its "
                        "module? (`pkcs11-lib` names another module)"
                      : "is the token plugged in? these tokens were found: " +
                            join(present, ", ", uri_of_token));
}

std::vector<FoundCertificate> Search::certificates() {
  std::vector<FoundCertificate> found;
  const Uri* uri = certificate_uri_ ? &*certificate_uri_ : nullptr;
  const auto collect = [&](const Token& token) {
    for (const Object& object : token.find(ObjectClass::certificate, uri)) {
      try {
        const Certificate certificate(token.attribute(object, Attribute::value).value_or(""),
                                      object.uri);
        if (!options_.selector || matches(*options_.selector, certificate)) {
          found.push_back({certificate, token, object});
        }
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::usage) throw;
        reporter_.trace([&] { return cat("left out: ", error.what()); });
      }
    }
  };
  const std::vector<Token> scope = matching(certificate_uri_);
  for (const Token& token : scope)
    collect(token);
  if (!found.empty()) return found;
  // The token may hide its certificates until the login. A PIN is never tried on several tokens.
  if (scope.size() == 1 && pins_.has_own(scope.front())) {
    pins_.log_in(scope.front());
    collect(scope.front());
  }
  return found;
}

std::string Search::selectors_on_tokens() {
  constexpr std::size_t most = 5;
  std::vector<Certificate> certificates;
  for (const Token& token : matching(certificate_uri_)) {
    for (Certificate& one : certificates_on(token))
      certificates.push_back(std::move(one));
  }
  if (certificates.empty()) return "no token shows a certificate";
  const auto is_ca = [](const Certificate& one) { return X509_check_ca(one.x509()) == 1; };
  if (!std::all_of(certificates.begin(), certificates.end(), is_ca))
    std::erase_if(certificates, is_ca);
  std::string text = "one of the three keys is enough; the certificates on the tokens:";
  for (std::size_t i = 0; i < std::min(certificates.size(), most); ++i) {
    text += (i == 0 ? " " : " | ") + ("Key=x509Subject,Value=" + certificates[i].subject()) +
            " Key=x509Issuer,Value=" + certificates[i].issuer() +
            " Key=x509Serial,Value=" + certificates[i].serial_hex();
  }
  if (certificates.size() > most) text += cat(" | and ", certificates.size() - most, " more");
  return text;
}

std::vector<FoundCertificate> Search::leaves(std::vector<FoundCertificate> found, bool any_key,
                                             std::chrono::sys_seconds now) {
  const std::string what =
      certificate_uri_ ? certificate_uri_->text
                       : "`cert-selector` " + selector_text(options_.selector.value_or(Selector()));
  if (found.empty()) {
    if (matching(certificate_uri_).empty()) refuse_without_token(certificate_uri_);
    throw Error(
        ErrorKind::usage, "no certificate on a token matches " + what,
        options_.selector
            ? selectors_on_tokens()
            : "rolecall read-certificate-data --certificate pkcs11: lists all certificates");
  }
  const auto is_ca = [](const FoundCertificate& one) {
    return X509_check_ca(one.certificate.x509()) == 1;
  };
  if (!std::all_of(found.begin(), found.end(), is_ca)) std::erase_if(found, is_ca);
  if (any_key) return found;

  const Certificate* chosen = &found.front().certificate;
  for (const FoundCertificate& one : found)
    if (is_better_leaf(one.certificate, *chosen, now)) chosen = &one.certificate;
  const Certificate best = *chosen;
  const auto is_other = [&best](const FoundCertificate& one) {
    return !(one.certificate == best) && !same_key(one.certificate.public_key(), best.public_key());
  };
  if (!options_.use_latest && std::any_of(found.begin(), found.end(), is_other)) {
    std::set<std::string> uris;
    for (const FoundCertificate& one : found)
      uris.insert(one.object.uri);
    const bool uris_differ = uris.size() == found.size();
    const auto serial = [](const FoundCertificate& one) {
      return "Key=x509Serial,Value=" + one.certificate.serial_hex();
    };
    throw Error(
        ErrorKind::usage, cat(found.size(), " certificates match ", what),
        (uris_differ
             ? "name one of these certificates, or set `use-latest-expiring-certificate`: " +
                   join(found, ", ", uri_of_object)
             : "their URIs are the same; instead of `certificate`, set `cert-selector` with a "
               "serial "
               "number, or set `use-latest-expiring-certificate`: " +
                   join(found, ", ", serial)));
  }
  std::erase_if(found, is_other);
  return found;
}

std::vector<Certificate> Search::certificates_on_tokens(
    const std::vector<FoundCertificate>& leaves) {
  std::vector<Token> done;
  std::vector<Certificate> all;
  for (const FoundCertificate& leaf : leaves) {
    if (contains(done, leaf.token)) continue;
    done.push_back(leaf.token);
    for (Certificate& one : certificates_on(leaf.token))
      all.push_back(std::move(one));
  }
  return all;
}

std::vector<Search::Candidate> Search::candidates(const Token& token,
                                                  const std::vector<FoundCertificate>& leaves,
                                                  const std::vector<Certificate>& certificates) {
  std::vector<Candidate> found;
  for (Object& object : token.find(ObjectClass::private_key, key_uri_ ? &*key_uri_ : nullptr)) {
    if (!token.algorithm(object)) continue;
    EvpPkeyPtr public_key = stored_public_key(token, object);
    // If the public key is unknown, kind and name are compared now, and a signature decides later.
    const bool is_candidate =
        public_key ? matches_any(public_key.get(), certificates)
                   : is_kind_of_any(*token.algorithm(object), certificates) &&
                         (key_uri_.has_value() || has_id_or_label_of_any(object, leaves));
    if (is_candidate) found.push_back({token, std::move(object), std::move(public_key)});
  }
  return found;
}

// A PIN is for one token. So it must be clear which token has the key before a PIN is sent.
std::vector<Search::Candidate> Search::log_in_and_search(
    const std::vector<Token>& tokens, const std::vector<FoundCertificate>& leaves,
    const std::vector<Certificate>& certificates) {
  std::vector<Token> to_log_in;
  for (const Token& token : tokens)
    if (token.pin().needed && !token.logged_in()) to_log_in.push_back(token);
  if (to_log_in.size() > 1) {
    // Public keys can be read without a login, and most tokens store them with the private keys.
    std::vector<Token> with_public_key;
    for (const Token& token : to_log_in) {
      for (const Object& object :
           token.find(ObjectClass::public_key, key_uri_ ? &*key_uri_ : nullptr)) {
        const EvpPkeyPtr public_key = stored_public_key(token, object);
        if (public_key && matches_any(public_key.get(), certificates) &&
            !contains(with_public_key, token)) {
          with_public_key.push_back(token);
        }
      }
    }
    if (with_public_key.size() == 1) to_log_in = with_public_key;
  }
  if (to_log_in.empty()) return {};
  if (to_log_in.size() > 1) {
    throw Error(
        ErrorKind::usage,
        cat(to_log_in.size(), " tokens may have the private key, and each needs its own PIN"),
        "name one of these tokens in `private-key`: " + join(to_log_in, ", ", uri_of_token));
  }
  pins_.log_in(to_log_in.front());
  return candidates(to_log_in.front(), leaves, certificates);
}

void Search::refuse_several(const std::vector<Candidate>& found) {
  std::set<std::string> uris;
  for (const Candidate& one : found)
    uris.insert(one.object.uri);
  throw Error(ErrorKind::usage, cat(found.size(), " private keys are possible"),
              uris.size() == found.size()
                  ? "name one of these keys in `private-key`: " + join(found, ", ", uri_of_object)
                  : "some of these keys have the same URI; name the certificate of one key in "
                    "`certificate`: " +
                        join(found, ", ", uri_of_object));
}

// Prefers keys on the token of the certificate. If there are none, returns those on other tokens.
std::vector<Search::Candidate> Search::keys_in(const std::vector<Token>& scope,
                                               const std::vector<FoundCertificate>& leaves,
                                               const std::vector<Certificate>& certificates) {
  std::vector<Token> on_certificate_token;
  std::vector<Token> on_other_tokens;
  for (const Token& token : scope) {
    const bool has_certificate = std::any_of(leaves.begin(), leaves.end(),
                                             [&](const auto& one) { return one.token == token; });
    (has_certificate ? on_certificate_token : on_other_tokens).push_back(token);
  }
  for (const std::vector<Token>& group : {on_certificate_token, on_other_tokens}) {
    std::vector<Candidate> found;
    for (const Token& token : group) {
      for (Candidate& candidate : candidates(token, leaves, certificates))
        found.push_back(std::move(candidate));
    }
    if (found.empty()) found = log_in_and_search(group, leaves, certificates);
    if (!found.empty()) return found;
  }
  refuse_without_match(scope, certificates);
}

// Keeps one key, or several keys of one token whose public keys are unknown. A signature tells
// these apart.
void Search::narrow(std::vector<Candidate>& found, bool has_certificates) {
  // A key that is known to match is better than one that may match.
  const auto is_known = [](const Candidate& one) { return one.public_key != nullptr; };
  if (has_certificates && std::any_of(found.begin(), found.end(), is_known)) {
    std::erase_if(found, std::not_fn(is_known));
  }
  const Candidate& first = found.front();
  const auto is_same = [&first](const Candidate& one) {
    return same_key(one.public_key.get(), first.public_key.get());
  };
  // Only on one token, because a login is valid for one token.
  const auto can_be_tried = [&](const Candidate& one) {
    return has_certificates && one.public_key == nullptr && one.token == first.token;
  };
  if (!std::all_of(found.begin() + 1, found.end(), is_same) &&
      !std::all_of(found.begin(), found.end(), can_be_tried)) {
    refuse_several(found);
  }
}

// Finds the key whose signature shows that it belongs to a certificate. Puts it into `key` and
// returns its public key. If no key matches, throws, or returns nullptr if no certificate was
// given.
EvpPkeyPtr Search::prove(OpenKey& key, const std::vector<Candidate>& found,
                         const std::vector<Certificate>& certificates) {
  // If no certificate was given, the key may belong to a certificate on its token.
  const std::vector<Certificate> token_certificates =
      certificates.empty() ? certificates_on(key.token) : std::vector<Certificate>();
  const std::vector<EVP_PKEY*> public_keys =
      public_keys_of(certificates.empty() ? token_certificates : certificates);
  EvpPkeyPtr public_key;
  const Object* matching = &found.front().object;
  for (const Candidate& one : found) {
    key.object = one.object;
    EvpPkeyPtr proven = proven_public_key(key, public_keys);
    if (!proven || same_key(public_key.get(), proven.get())) continue;
    if (public_key) refuse_several(found);
    public_key = std::move(proven);
    matching = &one.object;
    if (public_keys.size() == 1) break;
  }
  key.object = *matching;
  if (!public_key && !certificates.empty()) refuse_without_match({key.token}, certificates);
  return public_key;
}

FoundKey Search::key(const std::vector<FoundCertificate>& leaves,
                     const std::vector<Certificate>& certificates) && {
  const std::optional<Uri>& scope_uri = key_uri_ ? key_uri_ : certificate_uri_;
  const std::vector<Token> scope = matching(scope_uri);
  if (scope.empty()) refuse_without_token(scope_uri);
  std::vector<Candidate> found = keys_in(scope, leaves, certificates);
  narrow(found, !certificates.empty());
  Candidate& first = found.front();
  pins_.log_in(first.token);
  OpenKey key{first.token, first.object, std::move(pins_)};
  EvpPkeyPtr public_key =
      first.public_key ? std::move(first.public_key) : prove(key, found, certificates);
  if (public_key) check_hardware_key_kind(public_key.get(), "private key " + key.object.uri);
  reporter_.trace([&] { return "private key: " + key.object.uri; });

  const std::shared_ptr<EVP_PKEY> known(up_ref(public_key.get()), EVP_PKEY_free);
  const auto open_again = [options = options_, module = module_of(options_, scope_uri),
                           uri = key.object.uri, known] {
    return reopen(module, uri, known.get(), make_pins(options, {}));
  };
  EvpPkeyPtr copy(up_ref(public_key.get()));
  return {make_token_signer(std::move(key), std::move(public_key), open_again), std::move(copy)};
}

}  // namespace rolecall::identity::pkcs11

// The error message if no private key on the tokens matches the certificate.
#include "base/ml_dsa.h"
#include "base/pkcs11_uri.h"
#include "base/text.h"
#include "identity/hardware/pkcs11_search.h"
#include "identity/key_kind.h"
#include "rolecall/error.h"

namespace rolecall::identity::pkcs11 {

void Search::refuse_without_match(const std::vector<Token>& scope,
                                  const std::vector<Certificate>& certificates) {
  std::vector<std::string> uris;
  std::string kind;
  std::string names;
  bool is_ml_dsa = false;
  for (const Token& token : scope) {
    names += (names.empty() ? "" : ", ") + token.name();
    for (const Object& object :
         token.find(ObjectClass::private_key, key_uri_ ? &*key_uri_ : nullptr)) {
      uris.push_back(object.uri);
      const EvpPkeyPtr public_key = stored_public_key(token, object);
      is_ml_dsa = token.is_ml_dsa(object);
      kind = is_ml_dsa    ? " (ML-DSA)"
             : public_key ? " (" + describe_key(public_key.get()) + ")"
                          : "";
    }
  }
  if (uris.empty()) {
    throw Error(ErrorKind::usage,
                "no private key " + (key_uri_ ? key_uri_->text + " " : std::string()) +
                    "was found on token " + names,
                "pkcs11-tool --login --list-objects lists the objects on the token");
  }
  if (certificates.empty()) {
    throw Error(ErrorKind::usage,
                "private key " + uris.front() +
                    (is_ml_dsa ? " is of the kind ML-DSA" : " is neither RSA nor EC"),
                is_ml_dsa ? hardware_kinds_hint : "IAM Roles Anywhere accepts RSA and EC keys");
  }
  const Certificate& first = certificates.front();
  is_ml_dsa = is_ml_dsa || !ml_dsa_key_name(first.x509()).empty();
  throw Error(ErrorKind::usage,
              (uris.size() == 1 ? "private key " + uris.front() + kind + " does not match"
                                : cat("none of the ", uris.size(), " private keys on token ", names,
                                      " matches")) +
                  " the certificate (" + first.name() + ", " + first.key_kind() + ")",
              is_ml_dsa ? hardware_kinds_hint
                        : "key and certificate must come from the same certificate request; was "
                          "only one of them renewed?");
}

}  // namespace rolecall::identity::pkcs11

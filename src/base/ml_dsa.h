// ML-DSA, the signatures of FIPS 204. OpenSSL knows ML-DSA since version 3.5. rolecall can be
// compiled with the headers of an older version, so names are texts, and what OpenSSL can do is
// asked at run time.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>

namespace rolecall {

// "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", or empty for everything else. The names of an algorithm
// and of the key in a certificate are also known if OpenSSL does not know ML-DSA. The same
// identifier is used for keys and for signatures.
std::string_view ml_dsa_name(const ASN1_OBJECT* algorithm);
std::string_view ml_dsa_name(const EVP_PKEY* key);
std::string_view ml_dsa_key_name(const X509* certificate);
std::string_view ml_dsa_signature_name(const X509* certificate);

// Whether OpenSSL can use keys of this name.
bool can_use_ml_dsa(std::string_view name);

// For messages, if OpenSSL cannot use ML-DSA: "OpenSSL 3.0.19 cannot read", and what helps.
std::string without_ml_dsa();
std::string ml_dsa_hint();

}  // namespace rolecall

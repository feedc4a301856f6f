// Kinds of keys: their names, and which of them the service accepts.
#pragma once

#include <openssl/types.h>

#include <optional>
#include <string>

namespace rolecall::identity {

inline constexpr const char* supported_kinds_hint =
    "use RSA of 2048 to 8192 bits, an EC key on P-256, P-384 or P-521, or an ML-DSA key";

inline constexpr const char* hardware_kinds_hint =
    "keys on tokens and in TPMs must be RSA or EC keys; rolecall uses ML-DSA keys only from files";

// Throws Error (usage) if the service does not accept the kind or size of the key. `name` is the
// name of the key, for messages.
void check_key_kind(const EVP_PKEY* key, const std::string& name);

// The same for keys on tokens and in TPMs, for which rolecall supports only RSA and EC.
void check_hardware_key_kind(const EVP_PKEY* key, const std::string& name);

// For messages: "RSA 2048", "P-256", "ML-DSA-65", …
std::string describe_key(const EVP_PKEY* key);

// For a key that OpenSSL cannot read: the name of its algorithm, such as "ML-DSA-65" or "DSA", or
// the OID if the algorithm has no name. nullopt for RSA and EC, which OpenSSL can read.
std::optional<std::string> name_of_other_kind(const ASN1_OBJECT* algorithm);

}  // namespace rolecall::identity

// Kinds of keys: what they are called, and which ones the service takes.
#pragma once

#include <openssl/types.h>

#include <optional>
#include <string>

namespace rolecall::identity {

inline constexpr const char* kinds_to_use =
    "use RSA of 2048 to 8192 bits or an EC key on P-256, P-384 or P-521";

// Throws Error (usage) if a key, called `name` in messages, is of a kind or size that the service
// does not take.
void check_key_kind(const EVP_PKEY* key, const std::string& name);

// "RSA 2048", "P-256", …: for messages.
std::string describe_key(const EVP_PKEY* key);

// The kind of a key that OpenSSL cannot read, by its algorithm: "DSA", or the number if that has no
// name. Nothing for RSA and EC, which OpenSSL can read.
std::optional<std::string> name_of_other_kind(const ASN1_OBJECT* algorithm);

}  // namespace rolecall::identity

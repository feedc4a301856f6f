#include "identity/key_kind.h"

#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "base/ml_dsa.h"
#include "base/openssl.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

std::string curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return "unknown curve";
  std::string curve(name.data(), size);
  if (curve == "prime256v1") return "P-256";
  if (curve == "secp384r1") return "P-384";
  if (curve == "secp521r1") return "P-521";
  return curve;
}

}  // namespace

void check_key_kind(const EVP_PKEY* key, const std::string& name) {
  const int kind = EVP_PKEY_get_base_id(key);
  const std::string what = name + " contains a key of the kind " + describe_key(key);
  if (kind == EVP_PKEY_RSA) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < 2048 || bits > 8192) {
      throw Error(ErrorKind::usage, what, "RSA keys must have 2048 to 8192 bits");
    }
  } else if (kind == EVP_PKEY_EC) {
    if (!describe_key(key).starts_with("P-")) {
      throw Error(ErrorKind::usage, what, "the curves P-256, P-384 and P-521 are supported");
    }
  } else if (ml_dsa_name(key).empty()) {
    throw Error(ErrorKind::usage, what, supported_kinds_hint);
  }
}

void check_hardware_key_kind(const EVP_PKEY* key, const std::string& name) {
  check_key_kind(key, name);
  if (ml_dsa_name(key).empty()) return;
  throw Error(ErrorKind::usage, name + " contains a key of the kind " + describe_key(key),
              hardware_kinds_hint);
}

std::string describe_key(const EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_RSA) return cat("RSA ", EVP_PKEY_get_bits(key));
  if (kind == EVP_PKEY_EC) return curve_of(key);
  if (const std::string_view name = ml_dsa_name(key); !name.empty()) return std::string(name);
  const char* type = EVP_PKEY_get0_type_name(key);
  return type == nullptr ? "unknown" : type;
}

std::optional<std::string> name_of_other_kind(const ASN1_OBJECT* algorithm) {
  const int kind = OBJ_obj2nid(algorithm);
  if (algorithm == nullptr || kind == NID_rsaEncryption || kind == NID_X9_62_id_ecPublicKey)
    return {};
  if (const std::string_view name = ml_dsa_name(algorithm); !name.empty()) return std::string(name);
  return object_name(algorithm);
}

}  // namespace rolecall::identity

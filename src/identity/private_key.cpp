#include "identity/private_key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <array>

#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

bool is_private_key(const PemBlock& block) {
  return block.label.ends_with("PRIVATE KEY");
}

[[noreturn]] void refuse_kind(const PemBlock& block, const std::string& name) {
  if (block.encrypted || block.label == "ENCRYPTED PRIVATE KEY") {
    throw Error(ErrorKind::usage, name + " is encrypted, which is not supported yet",
                "decrypt it once: openssl pkey -in FILE -out FILE.plain, with umask 077");
  }
  if (block.label == "TSS2 PRIVATE KEY") {
    throw Error(ErrorKind::usage, name + " is a TPM key, which is not supported yet");
  }
  if (block.label == "OPENSSH PRIVATE KEY") {
    throw Error(ErrorKind::usage, name + " is an OpenSSH key",
                "convert it to PEM: ssh-keygen -p -m PEM -f FILE");
  }
  throw Error(ErrorKind::usage, name + " holds a key of the kind \"" + block.label + "\"",
              "IAM Roles Anywhere takes RSA and EC keys");
}

EvpPkeyPtr decode(const PemBlock& block) {
  const auto* data = reinterpret_cast<const unsigned char*>(block.der.view().data());
  const auto size = static_cast<long>(block.der.size());
  if (block.label == "RSA PRIVATE KEY") {
    return EvpPkeyPtr(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &data, size));
  }
  if (block.label == "EC PRIVATE KEY") {
    return EvpPkeyPtr(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &data, size));
  }
  return EvpPkeyPtr(d2i_AutoPrivateKey(nullptr, &data, size));
}

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

void check_kind(const EVP_PKEY* key, const std::string& name) {
  const int kind = EVP_PKEY_get_base_id(key);
  const std::string what = name + " holds a key of the kind " + describe_key(key);
  if (kind == EVP_PKEY_RSA) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < 2048 || bits > 8192) {
      throw Error(ErrorKind::usage, what, "RSA keys must have 2048 to 8192 bits");
    }
  } else if (kind == EVP_PKEY_EC) {
    if (!describe_key(key).starts_with("P-")) {
      throw Error(ErrorKind::usage, what, "the curves P-256, P-384 and P-521 are supported");
    }
  } else {
    throw Error(ErrorKind::usage, what,
                "use RSA of 2048 to 8192 bits or an EC key on P-256, P-384 or P-521");
  }
}

}  // namespace

std::string describe_key(const EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_RSA) return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
  if (kind == EVP_PKEY_EC) return curve_of(key);
  const char* type = EVP_PKEY_get0_type_name(key);
  return type == nullptr ? "unknown" : type;
}

EvpPkeyPtr private_key_in(const std::vector<PemBlock>& blocks, const std::string& name) {
  const PemBlock* found = nullptr;
  for (const PemBlock& block : blocks) {
    if (!is_private_key(block)) continue;
    if (found != nullptr) {
      throw Error(ErrorKind::usage, name + " holds more than one private key",
                  "leave only the one that belongs to the certificate");
    }
    found = &block;
  }
  if (found == nullptr) {
    throw Error(ErrorKind::usage, name + " holds no private key, only " + blocks.front().label,
                "--private-key names the key's file, --certificate the certificate's");
  }
  const bool known = found->label == "PRIVATE KEY" || found->label == "RSA PRIVATE KEY" ||
                     found->label == "EC PRIVATE KEY";
  if (!known || found->encrypted) refuse_kind(*found, name);
  EvpPkeyPtr key = decode(*found);
  if (!key) {
    throw Error(ErrorKind::usage, name + " holds a damaged private key: " + openssl_error(),
                "openssl pkey -in FILE -noout -check must be able to read it");
  }
  check_kind(key.get(), name);
  return key;
}

}  // namespace rolecall::identity

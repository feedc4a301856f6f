#include "identity/private_key.h"

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <array>

#include "base/codec.h"
#include "base/ml_dsa.h"
#include "base/text.h"
#include "identity/derivation.h"
#include "identity/key_kind.h"
#include "identity/pem.h"
#include "identity/pem_contents.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

constexpr const char* check_command = "openssl pkey -in FILE -noout";

// Reads the kind of a key ("ssh-ed25519") from OpenSSH's format (OpenSSH's file PROTOCOL.key).
// After the magic come the cipher, the key derivation, its options, the number of keys and the
// public key, which starts with the kind. Strings start with their length. Returns an empty text if
// the format is wrong.
std::string openssh_kind(std::string_view bytes) {
  constexpr std::string_view magic("openssh-key-v1\0", 15);
  if (!bytes.starts_with(magic)) return {};
  bytes.remove_prefix(magic.size());
  const auto number = [&bytes]() -> std::size_t {
    if (bytes.size() < 4) return 0;
    std::size_t value = 0;
    for (int i = 0; i < 4; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    bytes.remove_prefix(4);
    return value;
  };
  for (int skipped = 0; skipped < 3; ++skipped)  // cipher, key derivation, options
    bytes.remove_prefix(std::min(number(), bytes.size()));
  number();  // how many keys
  number();  // length of the public key
  return terminal_safe(bytes.substr(0, number()));
}

[[noreturn]] void refuse_openssh(const PemBlock& block, const std::string& name) {
  const std::string kind = openssh_kind(block.der.view());
  const std::string what = name + " contains a key in OpenSSH's own format";
  if (kind == "ssh-rsa" || kind.starts_with("ecdsa-")) {
    throw Error(ErrorKind::usage, what,
                "convert a copy of the file: cp FILE FILE.pem && ssh-keygen -p -m PEM -f FILE.pem");
  }
  throw Error(ErrorKind::usage, what + (kind.empty() ? "" : ", of the kind " + kind),
              supported_kinds_hint);
}

[[noreturn]] void refuse_kind(const PemBlock& block, const std::string& name) {
  if (block.label == "OPENSSH PRIVATE KEY") refuse_openssh(block, name);
  throw Error(ErrorKind::usage, name + " contains a key of the kind \"" + block.label + "\"",
              "IAM Roles Anywhere accepts RSA, EC and ML-DSA keys");
}

Pkcs8Ptr parse_pkcs8(std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  return Pkcs8Ptr(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &data, static_cast<long>(der.size())));
}

// Returns nullptr if the structure is not PKCS#8.
const ASN1_OBJECT* algorithm_of(const PKCS8_PRIV_KEY_INFO* info) {
  const ASN1_OBJECT* algorithm = nullptr;
  if (info != nullptr) PKCS8_pkey_get0(&algorithm, nullptr, nullptr, nullptr, info);
  return algorithm;
}

// OpenSSL's name of the algorithm. nullptr if the service does not accept the algorithm.
const char* key_type(const ASN1_OBJECT* algorithm) {
  const int kind = OBJ_obj2nid(algorithm);
  if (kind == NID_rsaEncryption) return "RSA";
  if (kind == NID_X9_62_id_ecPublicKey) return "EC";
  return ml_dsa_name(algorithm).data();
}

// Uses the algorithm that PKCS#8 names. d2i_AutoPrivateKey would try every kind of key, which takes
// four times as long as all other steps. Returns nullptr if the key is not a usual RSA, EC or
// ML-DSA key.
EvpPkeyPtr decode_pkcs8(std::string_view der) {
  const Pkcs8Ptr info = parse_pkcs8(der);
  const char* type = key_type(algorithm_of(info.get()));
  if (type == nullptr) return {};
  EVP_PKEY* key = nullptr;
  const DecoderCtxPtr decoder(OSSL_DECODER_CTX_new_for_pkey(&key, "DER", "PrivateKeyInfo", type,
                                                            EVP_PKEY_KEYPAIR, nullptr, nullptr));
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  std::size_t size = der.size();
  if (!decoder || OSSL_DECODER_from_data(decoder.get(), &data, &size) != 1) return {};
  return EvpPkeyPtr(key);
}

EvpPkeyPtr decode(const std::string& label, std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const auto size = static_cast<long>(der.size());
  if (label == "RSA PRIVATE KEY") {
    return EvpPkeyPtr(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &data, size));
  }
  if (label == "EC PRIVATE KEY") {
    return EvpPkeyPtr(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &data, size));
  }
  EvpPkeyPtr key = decode_pkcs8(der);
  return key ? std::move(key) : EvpPkeyPtr(d2i_AutoPrivateKey(nullptr, &data, size));
}

// A key whose kind OpenSSL does not support is not damaged, so it gets another message.
void refuse_other_kind(const PKCS8_PRIV_KEY_INFO* info, const std::string& name) {
  const ASN1_OBJECT* algorithm = algorithm_of(info);
  const auto kind = name_of_other_kind(algorithm);
  if (!kind) return;
  const std::string what = name + " contains a key of the kind " + *kind;
  if (ml_dsa_name(algorithm).empty()) throw Error(ErrorKind::usage, what, supported_kinds_hint);
  if (can_use_ml_dsa(*kind)) return;
  throw Error(ErrorKind::usage, cat(what, ", which ", without_ml_dsa()), ml_dsa_hint());
}

[[noreturn]] void refuse_damaged_key(const std::string& name) {
  throw Error(ErrorKind::usage, name + " contains a damaged private key: " + openssl_error(),
              "openssl pkey -in FILE -noout -check must be able to read it");
}

EvpPkeyPtr encrypted_pkcs8(const PemBlock& block, const std::string& name,
                           const PasswordSource& password, Deadline* deadline) {
  const auto* data = reinterpret_cast<const unsigned char*>(block.der.view().data());
  const X509SigPtr encrypted(d2i_X509_SIG(nullptr, &data, static_cast<long>(block.der.size())));
  if (!encrypted) refuse_damaged_key(name);
  const X509_ALGOR* encryption = nullptr;
  X509_SIG_get0(encrypted.get(), &encryption, nullptr);
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, encryption);
  std::array<char, 80> text{};
  OBJ_obj2txt(text.data(), text.size(), algorithm, 0);

  Decryptor decryptor(name, text.data(), check_command, deadline);
  EvpPkeyPtr key;
  decryptor.ask(password, [&](OSSL_LIB_CTX* library, std::string_view candidate) {
    Decryption result = Decryption::done;
    check_derivation(encryption, name, deadline);
    key = decrypt_pkcs8(encrypted.get(), library, candidate, name, result);
    return result;
  });
  if (!key) refuse_damaged_key(name);
  return key;
}

// Decrypts the traditional form: the cipher key is the MD5 of password and salt, made by
// EVP_BytesToKey. OpenSSL's PEM_do_header is not used because it cannot take the cipher from a
// given library context.
Decryption decrypt_traditional(const PemBlock& block, OSSL_LIB_CTX* library,
                               std::string_view password, EvpPkeyPtr& key) {
  std::string header = block.header;
  EVP_CIPHER_INFO info{};
  if (PEM_get_EVP_CIPHER_INFO(header.data(), &info) != 1) return Decryption::unsupported;
  const EvpCipherPtr cipher(EVP_CIPHER_fetch(library, EVP_CIPHER_get0_name(info.cipher), nullptr));
  const EvpMdPtr digest(EVP_MD_fetch(library, "MD5", nullptr));
  const EvpCipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (!cipher || !digest || !context) return Decryption::unsupported;

  Secret cipher_key;
  cipher_key.resize(EVP_MAX_KEY_LENGTH);
  auto* key_bytes = reinterpret_cast<unsigned char*>(cipher_key.data());
  const auto* input = reinterpret_cast<const unsigned char*>(block.der.view().data());
  Secret plain;
  plain.resize(block.der.size() + EVP_MAX_BLOCK_LENGTH);
  auto* output = reinterpret_cast<unsigned char*>(plain.data());
  int size = 0;
  int rest = 0;
  if (EVP_BytesToKey(cipher.get(), digest.get(), info.iv,
                     reinterpret_cast<const unsigned char*>(password.data()),
                     static_cast<int>(password.size()), 1, key_bytes, nullptr) == 0 ||
      EVP_DecryptInit_ex(context.get(), cipher.get(), nullptr, key_bytes, info.iv) != 1) {
    return Decryption::unsupported;
  }
  if (EVP_DecryptUpdate(context.get(), output, &size, input, static_cast<int>(block.der.size())) !=
          1 ||
      EVP_DecryptFinal_ex(context.get(), output + size, &rest) != 1) {
    return Decryption::wrong_password;
  }
  plain.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  // With one wrong password in 256, the padding is right by chance. Then the plain text is not a
  // key.
  key = decode(block.label, plain.view());
  return key ? Decryption::done : Decryption::wrong_password;
}

EvpPkeyPtr encrypted_traditional(const PemBlock& block, const std::string& name,
                                 const PasswordSource& password, Deadline* deadline) {
  const std::size_t start = block.header.find("DEK-Info: ");
  if (start == std::string::npos) {
    throw Error(ErrorKind::usage, name + " contains a damaged private key: no DEK-Info line",
                "the file may be truncated or edited; copy it again from its source");
  }
  const std::size_t end = block.header.find_first_of(",\r\n", start);
  Decryptor decryptor(name, block.header.substr(start + 10, end - start - 10), check_command,
                      deadline);
  EvpPkeyPtr key;
  decryptor.ask(password, [&](OSSL_LIB_CTX* library, std::string_view candidate) {
    return decrypt_traditional(block, library, candidate, key);
  });
  return key;
}

}  // namespace

EvpPkeyPtr key_in_pkcs8(const PKCS8_PRIV_KEY_INFO* info, const std::string& name) {
  // The key belongs to OpenSSL's default library context, whatever decrypted the structure.
  EvpPkeyPtr key(EVP_PKCS82PKEY(info));
  if (!key) refuse_other_kind(info, name);
  return key;
}

EvpPkeyPtr decrypt_pkcs8(const X509_sig_st* encrypted, OSSL_LIB_CTX* library,
                         std::string_view password, const std::string& name, Decryption& result) {
  const Pkcs8Ptr plain(PKCS8_decrypt_ex(encrypted, password.data(),
                                        static_cast<int>(password.size()), library, nullptr));
  result = plain ? Decryption::done : why_decryption_failed();
  return plain ? key_in_pkcs8(plain.get(), name) : nullptr;
}

const PemBlock& private_key_block(const std::vector<PemBlock>& blocks, const std::string& name) {
  const PemBlock* found = nullptr;
  for (const PemBlock& block : blocks) {
    if (!is_private_key(block)) continue;
    if (found != nullptr) {
      throw Error(ErrorKind::usage, name + " contains more than one private key",
                  "leave only the private key that belongs to the certificate");
    }
    found = &block;
  }
  if (found == nullptr) refuse_without_key(blocks, name);
  return *found;
}

EvpPkeyPtr private_key_in(const std::vector<PemBlock>& blocks, const std::string& name,
                          const PasswordSource& password, Deadline* deadline) {
  const PemBlock& found = private_key_block(blocks, name);
  const bool traditional = found.label == "RSA PRIVATE KEY" || found.label == "EC PRIVATE KEY";
  EvpPkeyPtr key;
  if (found.label == "ENCRYPTED PRIVATE KEY") {
    key = encrypted_pkcs8(found, name, password, deadline);
  } else if (traditional && found.header.find("ENCRYPTED") != std::string::npos) {
    key = encrypted_traditional(found, name, password, deadline);
  } else if (traditional || found.label == "PRIVATE KEY") {
    key = decode(found.label, found.der.view());
    if (!key) refuse_other_kind(parse_pkcs8(found.der.view()).get(), name);
  } else {
    refuse_kind(found, name);
  }
  if (!key) refuse_damaged_key(name);
  check_key_kind(key.get(), name);
  return key;
}

}  // namespace rolecall::identity

#include "identity/pkcs12.h"

#include <openssl/pkcs12.h>

#include <new>

#include "identity/decryption.h"
#include "identity/private_key.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

void free_safes(STACK_OF(PKCS7) * safes) {
  sk_PKCS7_pop_free(safes, PKCS7_free);
}
void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
using Pkcs12Ptr = std::unique_ptr<PKCS12, OpensslDelete<PKCS12_free>>;
using SafesPtr = std::unique_ptr<STACK_OF(PKCS7), OpensslDelete<free_safes>>;
using BagsPtr = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), OpensslDelete<free_bags>>;

[[noreturn]] void refuse_damaged(const std::string& name) {
  throw Error(ErrorKind::usage, name + " is damaged: " + openssl_error(),
              "openssl pkcs12 -in FILE -noout must be able to read it");
}

// One pass over a file with one password. OpenSSL's PKCS12_parse would take the first of several
// keys without a word, and tie it to the library that its cipher came from.
class Walk {
 public:
  Walk(std::string name, OSSL_LIB_CTX* library, std::string_view password)
      : name_(std::move(name)), library_(library), password_(password) {}

  Decryption read(const PKCS12* file) {
    const SafesPtr safes(PKCS12_unpack_authsafes(file));
    if (!safes) refuse_damaged(name_);
    for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
      PKCS7* safe = sk_PKCS7_value(safes.get(), i);
      BagsPtr bags;
      if (PKCS7_type_is_data(safe)) {
        bags.reset(PKCS12_unpack_p7data(safe));
        if (!bags) refuse_damaged(name_);
      } else if (PKCS7_type_is_encrypted(safe)) {
        bags.reset(
            PKCS12_unpack_p7encdata(safe, password_.data(), static_cast<int>(password_.size())));
        if (!bags) return why_decryption_failed();
      } else {
        continue;  // encrypted to a public key: no password opens it
      }
      const Decryption result = collect(bags.get());
      if (result != Decryption::done) return result;
    }
    return Decryption::done;
  }

  Pkcs12 found;
  int keys = 0;
  bool key_damaged = false;

 private:
  Decryption collect(const STACK_OF(PKCS12_SAFEBAG) * bags) {
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
      const Decryption result = collect(sk_PKCS12_SAFEBAG_value(bags, i));
      if (result != Decryption::done) return result;
    }
    return Decryption::done;
  }

  Decryption collect(const PKCS12_SAFEBAG* bag) {
    Decryption result = Decryption::done;
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
      case NID_keyBag:
        take(EvpPkeyPtr(EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag))));
        break;
      case NID_pkcs8ShroudedKeyBag: {
        EvpPkeyPtr key =
            decrypt_pkcs8(PKCS12_SAFEBAG_get0_pkcs8(bag), library_, password_, name_, result);
        if (result == Decryption::done) take(std::move(key));
        break;
      }
      case NID_certBag:
        if (PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate) {
          const X509Ptr certificate(PKCS12_SAFEBAG_get1_cert(bag));
          if (!certificate) refuse_damaged(name_);
          found.certificates.emplace_back(der_of(certificate.get()), name_);
        }
        break;
      case NID_safeContentsBag:
        return collect(PKCS12_SAFEBAG_get0_safes(bag));  // OpenSSL's parser bounds the depth
      default:
        break;  // CRLs and secrets
    }
    return result;
  }

  void take(EvpPkeyPtr key) {
    ++keys;
    key_damaged = key_damaged || !key;
    found.key = std::move(key);
  }

  std::string name_;
  OSSL_LIB_CTX* library_;
  std::string_view password_;  // with a null pointer: none, as unlike an empty one
};

// The structure remembers the library that its parts are decrypted with.
Pkcs12Ptr parse(std::string_view bytes, const std::string& name, OSSL_LIB_CTX* library) {
  PKCS12* file = PKCS12_init_ex(NID_pkcs7_data, library, nullptr);
  if (file == nullptr) throw std::bad_alloc();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  // Frees the structure where it fails.
  if (d2i_PKCS12(&file, &data, static_cast<long>(bytes.size())) == nullptr) refuse_damaged(name);
  return Pkcs12Ptr(file);
}

}  // namespace

bool is_pkcs12(std::string_view bytes) {
  // SEQUENCE { INTEGER 3 (the version). Even an empty one needs a length of more than one byte;
  // that of BER may be left open (0x80).
  if (bytes.size() < 8 || bytes[0] != '\x30' || (bytes[1] & '\x80') == 0) return false;
  const std::size_t length_bytes = static_cast<std::size_t>(bytes[1] & 0x7f);
  if (length_bytes > 4) return false;
  return bytes.substr(2 + length_bytes).starts_with(std::string_view("\x02\x01\x03", 3));
}

Pkcs12 read_pkcs12(std::string_view bytes, const std::string& name,
                   const PasswordSource& password) {
  Pkcs12 content;
  int keys = 0;
  bool key_damaged = false;
  const auto attempt = [&](OSSL_LIB_CTX* library, std::string_view candidate) {
    const Pkcs12Ptr file = parse(bytes, name, library);
    if (PKCS12_mac_present(file.get()) == 1 &&
        PKCS12_verify_mac(file.get(), candidate.data(), static_cast<int>(candidate.size())) != 1) {
      return why_decryption_failed();
    }
    Walk walk(name, library, candidate);
    const Decryption result = walk.read(file.get());
    content = std::move(walk.found);
    keys = walk.keys;
    key_damaged = walk.key_damaged;
    return result;
  };
  Decryptor decryptor(name, "", "openssl pkcs12 -in FILE -noout");
  const auto works = [&](std::string_view candidate) {
    return decryptor.attempt([&](OSSL_LIB_CTX* library) { return attempt(library, candidate); });
  };
  if (!works({}) && !works("")) decryptor.ask(password, attempt);

  if (keys > 1) {
    throw Error(ErrorKind::usage, name + " holds more than one private key",
                "leave only the one that belongs to the certificate");
  }
  if (keys == 0) {
    throw Error(ErrorKind::usage, name + " holds no private key",
                "export it with its key: openssl pkcs12 -export -in CERT -inkey KEY -out FILE");
  }
  if (key_damaged) {
    throw Error(ErrorKind::usage, name + " holds a damaged private key: " + openssl_error());
  }
  if (content.certificates.empty()) {
    throw Error(ErrorKind::usage, name + " holds no certificate",
                "export them together: openssl pkcs12 -export -in CERT -inkey KEY -out FILE");
  }
  check_key_kind(content.key.get(), name);
  return content;
}

}  // namespace rolecall::identity

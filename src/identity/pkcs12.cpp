#include "identity/pkcs12.h"

#include <openssl/pkcs12.h>

#include <algorithm>
#include <new>

#include "identity/decryption.h"
#include "identity/derivation.h"
#include "identity/key_kind.h"
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

[[noreturn]] void refuse_damaged_file(const std::string& name) {
  throw Error(ErrorKind::usage, name + " is damaged: " + openssl_error(),
              "openssl pkcs12 -in FILE -noout must be able to read it");
}

// A private key and its names: the friendlyName (in Java: alias) of the key and of the certificates
// that match it.
struct KeyEntry {
  EvpPkeyPtr key;
  std::vector<std::string> names;
};

struct Content {
  std::vector<KeyEntry> entries;
  std::vector<Certificate> certificates;
  std::vector<std::string> certificate_names;  // as many as `certificates`; a name may be empty
  bool key_damaged = false;
};

std::string friendly_name(const PKCS12_SAFEBAG* bag) {
  // In OpenSSL 3.0, the function takes a pointer to non-const.
  char* text = PKCS12_get_friendlyname(const_cast<PKCS12_SAFEBAG*>(bag));
  if (text == nullptr) return {};
  std::string name(text);
  OPENSSL_free(text);
  return name;
}

// Reads the whole file with one password. OpenSSL's PKCS12_parse is not used for two reasons: it
// takes the first of several keys without an error, and it ties the key to the library context of
// the cipher.
class Pkcs12Walk {
 public:
  Pkcs12Walk(std::string name, OSSL_LIB_CTX* library, std::string_view password,
             const Deadline* deadline)
      : name_(std::move(name)), library_(library), password_(password), deadline_(deadline) {}

  Decryption read(const PKCS12* file) {
    const SafesPtr safes(PKCS12_unpack_authsafes(file));
    if (!safes) refuse_damaged_file(name_);
    for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
      PKCS7* safe = sk_PKCS7_value(safes.get(), i);
      BagsPtr bags;
      if (PKCS7_type_is_data(safe)) {
        bags.reset(PKCS12_unpack_p7data(safe));
        if (!bags) refuse_damaged_file(name_);
      } else if (PKCS7_type_is_encrypted(safe)) {
        check_derivation(safe->d.encrypted->enc_data->algorithm, name_, deadline_);
        bags.reset(
            PKCS12_unpack_p7encdata(safe, password_.data(), static_cast<int>(password_.size())));
        if (!bags) return why_decryption_failed();
      } else {
        continue;  // encrypted to a public key: a password cannot decrypt it
      }
      const Decryption result = collect(bags.get());
      if (result != Decryption::done) return result;
    }
    return Decryption::done;
  }

  Content found;

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
        take(key_in_pkcs8(PKCS12_SAFEBAG_get0_p8inf(bag), name_), friendly_name(bag));
        break;
      case NID_pkcs8ShroudedKeyBag: {
        const X509_SIG* encrypted = PKCS12_SAFEBAG_get0_pkcs8(bag);
        const X509_ALGOR* encryption = nullptr;
        X509_SIG_get0(encrypted, &encryption, nullptr);
        check_derivation(encryption, name_, deadline_);
        EvpPkeyPtr key = decrypt_pkcs8(encrypted, library_, password_, name_, result);
        if (result == Decryption::done) take(std::move(key), friendly_name(bag));
        break;
      }
      case NID_certBag:
        if (PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate) {
          const X509Ptr certificate(PKCS12_SAFEBAG_get1_cert(bag));
          if (!certificate) refuse_damaged_file(name_);
          found.certificates.emplace_back(der_of(certificate.get()), name_);
          found.certificate_names.push_back(friendly_name(bag));
        }
        break;
      case NID_safeContentsBag:
        return collect(PKCS12_SAFEBAG_get0_safes(bag));  // OpenSSL's parser limits the depth
      default:
        break;  // CRLs and secrets
    }
    return result;
  }

  void take(EvpPkeyPtr key, const std::string& name) {
    found.key_damaged = found.key_damaged || !key;
    auto entry = std::find_if(
        found.entries.begin(), found.entries.end(),
        [&key](const KeyEntry& known) { return EVP_PKEY_eq(known.key.get(), key.get()) == 1; });
    if (entry == found.entries.end()) {
      found.entries.push_back({std::move(key), {}});
      entry = found.entries.end() - 1;
    }
    if (!name.empty()) entry->names.push_back(name);
  }

  std::string name_;
  OSSL_LIB_CTX* library_;
  std::string_view password_;  // a null pointer means no password; "" is an empty one
  const Deadline* deadline_;
};

// `library` is stored in the structure. OpenSSL decrypts the parts of the file with it.
Pkcs12Ptr parse(std::string_view bytes, const std::string& name, OSSL_LIB_CTX* library) {
  PKCS12* file = PKCS12_init_ex(NID_pkcs7_data, library, nullptr);
  if (file == nullptr) throw std::bad_alloc();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  // d2i_PKCS12 frees `file` if it fails.
  if (d2i_PKCS12(&file, &data, static_cast<long>(bytes.size())) == nullptr)
    refuse_damaged_file(name);
  return Pkcs12Ptr(file);
}

bool belongs_to(const Certificate& certificate, const KeyEntry& entry) {
  return certificate.public_key() != nullptr &&
         EVP_PKEY_eq(certificate.public_key(), entry.key.get()) == 1;
}

// For messages: "app" (CN=app), or only the part that exists.
std::string entry_text(const KeyEntry& entry, const std::vector<Certificate>& certificates) {
  const auto leaf =
      std::find_if(certificates.begin(), certificates.end(),
                   [&entry](const Certificate& one) { return belongs_to(one, entry); });
  const std::string subject = leaf == certificates.end() ? "no certificate" : leaf->name();
  return entry.names.empty() ? subject : "\"" + entry.names.front() + "\" (" + subject + ")";
}

std::string entries_text(const std::vector<KeyEntry>& entries,
                         const std::vector<Certificate>& certificates) {
  std::string text;
  for (const KeyEntry& entry : entries)
    text += (text.empty() ? "" : ", ") + entry_text(entry, certificates);
  return text;
}

[[noreturn]] void refuse_choice(const Content& content, const std::string& name,
                                const std::string& entry) {
  const std::string all = entries_text(content.entries, content.certificates);
  if (entry.empty()) {
    throw Error(ErrorKind::usage, name + " contains more than one private key: " + all,
                "`pkcs12-entry` names the one to use");
  }
  throw Error(ErrorKind::usage, name + " has no entry \"" + entry + "\"; the entries are " + all,
              "`pkcs12-entry` takes the name in quotes, or the certificate's subject");
}

KeyEntry& choose(Content& content, const std::string& name, const Pkcs12Choice& choice) {
  for (std::size_t i = 0; i < content.certificates.size(); ++i) {
    for (KeyEntry& entry : content.entries) {
      if (!belongs_to(content.certificates[i], entry)) continue;
      if (!content.certificate_names[i].empty())
        entry.names.push_back(content.certificate_names[i]);
    }
  }
  std::vector<KeyEntry*> possible;
  for (KeyEntry& entry : content.entries) {
    const bool is_chosen =
        choice.entry.empty() ||
        std::find(entry.names.begin(), entry.names.end(), choice.entry) != entry.names.end() ||
        std::any_of(content.certificates.begin(), content.certificates.end(),
                    [&](const Certificate& one) {
                      return belongs_to(one, entry) && one.subject() == choice.entry;
                    });
    if (is_chosen) possible.push_back(&entry);
  }
  if (possible.size() > 1) {
    const std::vector<Certificate>& certificates =
        choice.certificates == nullptr ? content.certificates : *choice.certificates;
    std::erase_if(possible, [&certificates](const KeyEntry* entry) {
      return std::none_of(certificates.begin(), certificates.end(),
                          [entry](const Certificate& one) { return belongs_to(one, *entry); });
    });
  }
  if (possible.size() != 1) refuse_choice(content, name, choice.entry);
  return *possible.front();
}

}  // namespace

Pkcs12 read_pkcs12(std::string_view bytes, const std::string& name, const PasswordSource& password,
                   const Pkcs12Choice& choice, Deadline* deadline) {
  Content content;
  const auto attempt = [&](OSSL_LIB_CTX* library, std::string_view candidate) {
    const Pkcs12Ptr file = parse(bytes, name, library);
    if (PKCS12_mac_present(file.get()) == 1) {
      check_mac_derivation(file.get(), name, deadline);
      if (PKCS12_verify_mac(file.get(), candidate.data(), static_cast<int>(candidate.size())) !=
          1) {
        return why_decryption_failed();
      }
    }
    Pkcs12Walk walk(name, library, candidate, deadline);
    const Decryption result = walk.read(file.get());
    content = std::move(walk.found);
    return result;
  };
  Decryptor decryptor(name, "", "openssl pkcs12 -in FILE -noout", deadline);
  const auto works = [&](std::string_view candidate) {
    return decryptor.attempt([&](OSSL_LIB_CTX* library) { return attempt(library, candidate); });
  };
  if (!works({}) && !works("")) decryptor.ask(password, attempt);

  const char* export_hint =
      "export key and certificate together: openssl pkcs12 -export -in CERT -inkey KEY -out "
      "NEW.p12";
  if (content.entries.empty()) {
    throw Error(ErrorKind::usage, name + " contains no private key", export_hint);
  }
  if (content.key_damaged) {
    throw Error(ErrorKind::usage, name + " contains a damaged private key: " + openssl_error());
  }
  if (content.certificates.empty() && choice.certificates == nullptr) {
    throw Error(ErrorKind::usage, name + " contains no certificate", export_hint);
  }
  KeyEntry& entry = choose(content, name, choice);
  check_key_kind(entry.key.get(), name);
  return {std::move(entry.key), std::move(content.certificates)};
}

}  // namespace rolecall::identity

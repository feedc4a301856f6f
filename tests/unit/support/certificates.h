// Certificates made on the spot. A test spoils what it wants to see refused.
#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/openssl.h"
#include "base/time.h"

namespace rolecall::test {

using std::chrono::sys_seconds;

// A time of no importance: nothing may depend on today.
inline const sys_seconds now = *parse_amz_date("20261123T175152Z");

using KeyPtr = std::shared_ptr<EVP_PKEY>;

inline KeyPtr ec_key(const char* curve = "P-256") {
  return {EVP_EC_gen(curve), EVP_PKEY_free};
}
inline KeyPtr rsa_key(unsigned bits = 2048) {
  return {EVP_RSA_gen(bits), EVP_PKEY_free};
}

// A certificate's recipe: each test spoils one line of it.
struct Recipe {
  std::string name = "leaf";
  long version = 2;  // v3
  long serial = 4660;
  sys_seconds from = now - std::chrono::days(1);
  sys_seconds until = now + std::chrono::days(30);
  const EVP_MD* digest = EVP_sha256();
  std::vector<std::pair<int, std::string>> extensions = {
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, "clientAuth"},
  };

  // Replaces an extension; an empty value drops it.
  Recipe& with(int nid, const std::string& value) {
    std::erase_if(extensions, [nid](const auto& e) { return e.first == nid; });
    if (!value.empty()) extensions.emplace_back(nid, value);
    return *this;
  }
};

inline Recipe ca_recipe(const std::string& name) {
  Recipe recipe;
  recipe.name = name;
  recipe.extensions = {{NID_basic_constraints, "critical,CA:TRUE"},
                       {NID_key_usage, "critical,keyCertSign,cRLSign"}};
  return recipe;
}

struct Entity {
  std::shared_ptr<X509> certificate;
  KeyPtr key;

  X509* get() const { return certificate.get(); }
};

inline void set_time(ASN1_TIME* field, sys_seconds time) {
  ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time));
}

// Signed by `issuer`, or by itself where that is nullptr.
inline Entity make(const Recipe& recipe, const Entity* issuer, KeyPtr key = ec_key()) {
  Entity entity{{X509_new(), X509_free}, std::move(key)};
  X509* x = entity.get();
  X509_set_version(x, recipe.version);
  ASN1_INTEGER_set(X509_get_serialNumber(x), recipe.serial);
  set_time(X509_getm_notBefore(x), recipe.from);
  set_time(X509_getm_notAfter(x), recipe.until);
  const auto* name = reinterpret_cast<const unsigned char*>(recipe.name.c_str());
  if (!recipe.name.empty()) {
    X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, MBSTRING_UTF8, name, -1,
                               -1, 0);
  }
  X509_set_issuer_name(x, X509_get_subject_name(issuer != nullptr ? issuer->get() : x));
  X509_set_pubkey(x, entity.key.get());
  for (const auto& [nid, value] : recipe.extensions) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(x, issuer != nullptr ? issuer->key.get() : entity.key.get(), recipe.digest);
  return entity;
}

inline Entity make_ca(const std::string& name, const Entity* issuer = nullptr) {
  return make(ca_recipe(name), issuer);
}

inline std::string pem(const Entity& entity) {
  return bio_text([&entity](BIO* bio) { return PEM_write_bio_X509(bio, entity.get()); });
}

inline std::string der(const X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  std::string bytes(reinterpret_cast<const char*>(data),
                    static_cast<std::size_t>(size > 0 ? size : 0));
  OPENSSL_free(data);
  return bytes;
}

}  // namespace rolecall::test

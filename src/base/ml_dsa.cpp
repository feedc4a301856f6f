#include "base/ml_dsa.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>

#include "base/openssl.h"
#include "base/text.h"

namespace rolecall {
namespace {

struct ParameterSet {
  const char* oid;
  const char* name;  // OpenSSL's too
};

constexpr std::array<ParameterSet, 3> parameter_sets = {{
    {"2.16.840.1.101.3.4.3.17", "ML-DSA-44"},
    {"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
    {"2.16.840.1.101.3.4.3.19", "ML-DSA-87"},
}};

bool is_too_old() {
  return OpenSSL_version_num() < 0x30500000UL;
}

}  // namespace

std::string_view ml_dsa_name(const ASN1_OBJECT* algorithm) {
  if (algorithm == nullptr) return {};
  const std::string number = oid_text(algorithm);
  for (const ParameterSet& set : parameter_sets)
    if (number == set.oid) return set.name;
  return {};
}

std::string_view ml_dsa_name(const EVP_PKEY* key) {
  for (const ParameterSet& set : parameter_sets)
    if (key != nullptr && EVP_PKEY_is_a(key, set.name) == 1) return set.name;
  return {};
}

std::string_view ml_dsa_key_name(const X509* certificate) {
  ASN1_OBJECT* algorithm = nullptr;
  X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(certificate));
  return ml_dsa_name(algorithm);
}

std::string_view ml_dsa_signature_name(const X509* certificate) {
  const X509_ALGOR* signature = nullptr;
  X509_get0_signature(nullptr, &signature, certificate);
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, signature);
  return ml_dsa_name(algorithm);
}

bool can_use_ml_dsa(std::string_view name) {
  EVP_KEYMGMT* found = EVP_KEYMGMT_fetch(nullptr, std::string(name).c_str(), nullptr);
  ERR_clear_error();
  EVP_KEYMGMT_free(found);
  return found != nullptr;
}

std::string without_ml_dsa() {
  return cat("OpenSSL ", OpenSSL_version(OPENSSL_VERSION_STRING), " cannot read",
             is_too_old() ? "" : " with its configuration");
}

std::string ml_dsa_hint() {
  return is_too_old()
             ? "use the portable program of rolecall, which contains OpenSSL 3.5, or a rolecall "
               "that is built with OpenSSL 3.5 or later; rolecall version --verbose shows the "
               "version"
             : "openssl list -signature-algorithms must list ML-DSA; does openssl.cnf choose other "
               "providers?";
}

}  // namespace rolecall

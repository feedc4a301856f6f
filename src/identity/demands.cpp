#include "identity/demands.h"

#include <openssl/x509v3.h>

#include "base/time.h"
#include "identity/private_key.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

class Checker {
 public:
  explicit Checker(std::chrono::sys_seconds now) : now_(now) {}

  void check(const Certificate& certificate, bool is_leaf) {
    X509* x509 = certificate.x509();
    const std::string of = " of " + certificate.name();
    const std::uint32_t flags = X509_get_extension_flags(x509);
    const std::uint32_t usage = X509_get_key_usage(x509);  // all bits where there is no extension
    const bool has_usage = (flags & EXFLAG_KUSAGE) != 0;
    if (X509_get_version(x509) != X509_VERSION_3) unmet("the version" + of + " is not 3");
    if ((flags & EXFLAG_INVALID) != 0) unmet("an extension" + of + " is malformed");
    if ((flags & EXFLAG_BCONS) == 0) {
      unmet("basicConstraints" + of + " is missing (CA:" + (is_leaf ? "FALSE)" : "TRUE)"));
    } else if (((flags & EXFLAG_CA) != 0) == is_leaf) {
      unmet("basicConstraints" + of + " says CA:" + (is_leaf ? "TRUE" : "FALSE"));
    }
    const std::uint32_t bit = is_leaf ? KU_DIGITAL_SIGNATURE : KU_KEY_CERT_SIGN;
    const char* bit_name = is_leaf ? "digitalSignature" : "keyCertSign";
    if (!has_usage) {
      unmet("keyUsage" + of + " is missing (" + bit_name + ")");
    } else if ((usage & bit) == 0) {
      unmet("keyUsage" + of + " lacks " + bit_name);
    }
    if (is_leaf && (flags & EXFLAG_XKUSAGE) != 0 &&
        (X509_get_extended_key_usage(x509) & XKU_SSL_CLIENT) == 0) {
      unmet("extendedKeyUsage" + of + " lacks clientAuth");
    }
    if (is_leaf) check_key(certificate, of);
    check_digest(x509, of);
    if (certificate.not_before() > now_) {
      unmet("the validity" + of + " starts at " + rfc3339(certificate.not_before()));
    }
    if (certificate.not_after() < now_) {
      unmet("the validity" + of + " ended at " + rfc3339(certificate.not_after()));
    }
  }

  std::vector<std::string> take() { return std::move(found_); }

 private:
  void unmet(std::string clause) { found_.push_back(std::move(clause)); }

  // The algorithms of a request's signature (User Guide, "Signing process").
  void check_key(const Certificate& certificate, const std::string& of) {
    const EVP_PKEY* key = certificate.public_key();
    const int kind = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
    if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC) {
      try {
        check_key_kind(key, "the key" + of);
      } catch (const Error& error) {
        unmet("the key" + of + " is " + describe_key(key) + ": " + error.hint());
      }
      return;
    }
    unmet("the key" + of + " is of the kind " + certificate.key_kind() + ", neither RSA nor EC");
  }

  void check_digest(X509* x509, const std::string& of) {
    int digest = NID_undef;
    if (X509_get_signature_info(x509, &digest, nullptr, nullptr, nullptr) != 1) return;
    for (const int weak : {NID_md2, NID_md4, NID_md5, NID_md5_sha1, NID_sha1, NID_sha224}) {
      if (digest == weak) {
        unmet("the signature" + of + " uses " + OBJ_nid2ln(digest) + ", weaker than SHA-256");
      }
    }
  }

  std::chrono::sys_seconds now_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> unmet_demands(const Certificate& leaf,
                                       const std::vector<Certificate>& chain,
                                       std::chrono::sys_seconds now) {
  Checker checker(now);
  checker.check(leaf, true);
  for (const Certificate& issuer : chain)
    checker.check(issuer, false);
  return checker.take();
}

}  // namespace rolecall::identity

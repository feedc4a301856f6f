#include "identity/requirements.h"

#include <openssl/x509v3.h>

#include <array>

#include "base/ml_dsa.h"
#include "base/text.h"
#include "base/time.h"
#include "identity/key_kind.h"
#include "identity/session_tags.h"
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
    const std::uint32_t usage = X509_get_key_usage(x509);  // all bits if there is no extension
    const bool has_usage = (flags & EXFLAG_KUSAGE) != 0;
    if (X509_get_version(x509) != X509_VERSION_3) unmet("the version" + of + " is not 3");
    if ((flags & EXFLAG_INVALID) != 0) unmet("an extension" + of + " is malformed");
    // A leaf does not need basicConstraints: Vault and step-ca leave it out.
    if ((flags & EXFLAG_BCONS) == 0) {
      if (!is_leaf) unmet("basicConstraints" + of + " is missing (CA:TRUE)");
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
    if ((flags & EXFLAG_CRITICAL) != 0) check_critical_extensions(certificate);
    if (is_leaf) check_leaf(certificate, of);
    check_curve(certificate, of);
    check_signature(certificate, of);
    if (certificate.not_before() > now_) {
      unmet("the validity" + of + " starts at " + rfc3339(certificate.not_before()));
    }
    if (certificate.not_after() < now_) {
      unmet("the validity" + of + " ended at " + rfc3339(certificate.not_after()));
    }
  }

  Requirements take() { return std::move(found_); }

 private:
  void unmet(std::string clause) { found_.unmet.push_back(std::move(clause)); }
  void doubtful(std::string clause) { found_.doubtful.push_back(std::move(clause)); }

  void check_leaf(const Certificate& leaf, const std::string& of) {
    X509* x509 = leaf.x509();
    if (X509_NAME_entry_count(X509_get_subject_name(x509)) == 0) {
      unmet("the subject of the certificate with the " + leaf.name() +
            " is empty, which the service does not support yet");
    }
    if ((X509_get_extension_flags(x509) & EXFLAG_XKUSAGE) != 0 &&
        (X509_get_extended_key_usage(x509) & XKU_SSL_CLIENT) == 0) {
      doubtful("extendedKeyUsage" + of + " lacks clientAuth");
    }
    check_key(leaf, of);
    if (std::string tags = refused_tags(leaf); !tags.empty()) doubtful(std::move(tags));
  }

  // The key must be of a kind that can sign requests (IAM Roles Anywhere User Guide, "Signing
  // process").
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
    if (!ml_dsa_key_name(certificate.x509()).empty()) return;
    unmet("the key" + of + " is of the kind " + certificate.key_kind() + ", not RSA, EC or ML-DSA");
  }

  // RFC 5480 forbids explicit parameters, because they can describe any curve.
  void check_curve(const Certificate& certificate, const std::string& of) {
    X509_ALGOR* algorithm = nullptr;
    X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm,
                           X509_get_X509_PUBKEY(certificate.x509()));
    const ASN1_OBJECT* kind = nullptr;
    int parameters = V_ASN1_UNDEF;
    X509_ALGOR_get0(&kind, &parameters, nullptr, algorithm);
    if (OBJ_obj2nid(kind) == NID_X9_62_id_ecPublicKey && parameters != V_ASN1_OBJECT) {
      unmet("the EC key" + of + " has explicit parameters instead of a named curve");
    }
  }

  void check_signature(const Certificate& certificate, const std::string& of) {
    int digest = NID_undef;
    int key = NID_undef;
    X509_get_signature_info(certificate.x509(), &digest, &key, nullptr, nullptr);
    if (key != NID_rsaEncryption && key != NID_rsassaPss && key != NID_X9_62_id_ecPublicKey) {
      if (ml_dsa_signature_name(certificate.x509()).empty()) {
        unmet("the signature" + of + " is of the kind " + certificate.signature_kind() +
              ", not RSA, ECDSA or ML-DSA");
      }
      return;
    }
    for (const int weak : {NID_md2, NID_md4, NID_md5, NID_md5_sha1, NID_sha1, NID_sha224}) {
      if (digest == weak) {
        unmet("the signature" + of + " uses " + OBJ_nid2ln(digest) + ", weaker than SHA-256");
      }
    }
  }

  void check_critical_extensions(const Certificate& certificate) {
    const X509* x509 = certificate.x509();
    for (int i = 0; i < X509_get_ext_count(x509); ++i) {
      X509_EXTENSION* extension = X509_get_ext(x509, i);
      if (X509_EXTENSION_get_critical(extension) == 0 || X509_supported_extension(extension) != 0) {
        continue;
      }
      unmet(certificate.name() + " has an unknown critical extension (" +
            oid_text(X509_EXTENSION_get_object(extension)) + ")");
    }
  }

  std::chrono::sys_seconds now_;
  Requirements found_;
};

}  // namespace

Requirements check_requirements(const Certificate& leaf, const std::vector<Certificate>& chain,
                                std::chrono::sys_seconds now) {
  Checker checker(now);
  checker.check(leaf, true);
  for (const Certificate& issuer : chain)
    checker.check(issuer, false);
  return checker.take();
}

void warn_of_requirements(const Certificate& leaf, const std::vector<Certificate>& chain,
                          std::chrono::sys_seconds now, const Reporter& reporter) {
  const Requirements found = check_requirements(leaf, chain, now);
  if (!found.unmet.empty()) {
    reporter.warning("IAM Roles Anywhere refuses this certificate: " + join(found.unmet, "; "));
  }
  if (!found.doubtful.empty()) {
    reporter.warning("IAM Roles Anywhere may refuse this certificate: " +
                     join(found.doubtful, "; "));
  }
}

}  // namespace rolecall::identity

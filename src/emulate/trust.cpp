#include "emulate/trust.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <new>

#include "base/codec.h"
#include "base/ml_dsa.h"
#include "base/text.h"
#include "base/time.h"
#include "base/unicode.h"
#include "emulate/error_response.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

using std::chrono::sys_seconds;

ErrorResponse untrusted(const std::string& why) {
  return access_denied("Untrusted signing certificate: " + why);
}

ErrorResponse insufficient(const std::string& why) {
  return access_denied("Untrusted certificate. Insufficient certificate: " + why);
}

// Gives OpenSSL no password. Otherwise, OpenSSL would ask on the terminal if a PEM block is
// encrypted.
int no_password(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*context*/) {
  return -1;
}

// Reads all PEM blocks of one kind. `what` is the name of this kind in messages. Throws Error
// (usage) if there is none, or if one cannot be read.
template <class Pointer, class Read>
std::vector<Pointer> read_pem(const PemFile& file, const std::string& what, Read read) {
  std::vector<Pointer> found;
  const BioPtr bio = memory_bio(file.pem);
  while (Pointer one{read(bio.get(), nullptr, no_password, nullptr)})
    found.push_back(std::move(one));
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) {
    throw Error(ErrorKind::usage,
                file.name + " has a " + what + " that cannot be read: " + openssl_error());
  }
  ERR_clear_error();
  if (found.empty()) {
    throw Error(ErrorKind::usage, file.name + " contains no " + what,
                file.pem.starts_with("\x30\x82")
                    ? "the file looks like DER: convert it to PEM with the openssl program"
                    : "the file must be PEM: -----BEGIN …-----");
  }
  return found;
}

bool has_key_usage(X509* certificate, std::uint32_t usage) {
  const std::uint32_t have = X509_get_key_usage(certificate);
  return have != std::numeric_limits<std::uint32_t>::max() && (have & usage) != 0;
}

// Whether the key describes its curve by parameters. RFC 5480 requires the OID of a named curve.
bool has_explicit_curve(const X509* certificate) {
  X509_ALGOR* algorithm = nullptr;
  X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm, X509_get_X509_PUBKEY(certificate));
  const ASN1_OBJECT* kind = nullptr;
  int parameters = V_ASN1_UNDEF;
  X509_ALGOR_get0(&kind, &parameters, nullptr, algorithm);
  return OBJ_obj2nid(kind) == NID_X9_62_id_ecPublicKey && parameters != V_ASN1_OBJECT;
}

// Why OpenSSL cannot read the certificate's key, if it is an ML-DSA key. Empty if it can.
std::string unreadable_ml_dsa_key(const X509* certificate) {
  if (X509_get0_pubkey(certificate) != nullptr) return {};
  const std::string_view name = ml_dsa_key_name(certificate);
  if (name.empty() || can_use_ml_dsa(name)) return {};
  return cat("a key of the kind ", name, ", which ", without_ml_dsa(), "; ", ml_dsa_hint());
}

// Why the certificate cannot issue others. Empty if it can.
std::string why_not_an_issuer(X509* certificate) {
  const std::uint32_t flags = X509_get_extension_flags(certificate);
  if ((flags & EXFLAG_INVALID) != 0) return "has an extension that cannot be read";
  if (X509_get_version(certificate) != 2) return "is not X.509 version 3";
  if (has_explicit_curve(certificate)) return "has an EC key that is not on a named curve";
  if (const std::string key = unreadable_ml_dsa_key(certificate); !key.empty()) return "has " + key;
  if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) == 0) {
    return "has no basicConstraints with CA:TRUE";
  }
  if (!has_key_usage(certificate, KU_KEY_CERT_SIGN)) return "has no keyUsage with keyCertSign";
  return {};
}

sys_seconds time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) throw insufficient("a date that cannot be read");
  return from_utc(parts);
}

void check_validity(X509* certificate, const std::string& label, sys_seconds now) {
  const sys_seconds start = time_of(X509_get0_notBefore(certificate));
  const sys_seconds end = time_of(X509_get0_notAfter(certificate));
  if (now < start) throw insufficient(label + " is not valid before " + rfc3339(start));
  if (now > end) throw insufficient(label + " expired on " + rfc3339(end));
}

void check_signature_algorithm(X509* certificate, const std::string& label) {
  int digest = NID_undef;
  const EVP_MD* md = nullptr;
  if (X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) == 1) {
    md = EVP_get_digestbynid(digest);
  }
  if (md != nullptr && EVP_MD_get_size(md) >= 32) return;
  if (!ml_dsa_signature_name(certificate).empty()) return;  // has no digest
  const char* name = OBJ_nid2ln(X509_get_signature_nid(certificate));
  throw insufficient(label + " is signed with " +
                     (name == nullptr ? "an unknown algorithm" : name) +
                     "; SHA-256 or stronger is required");
}

void check_leaf_key(X509* leaf, const std::string& label) {
  const EVP_PKEY* key = X509_get0_pubkey(leaf);
  if (has_explicit_curve(leaf))
    throw insufficient("the EC key of " + label + " is not on a named curve");
  if (key == nullptr) throw insufficient("the key of " + label + " cannot be read");
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) < 2048) {
    throw insufficient(cat("the RSA key of ", label, " has ", EVP_PKEY_get_bits(key),
                           " bits; at least 2048 are required"));
  }
}

// The order of the checks is that of the guide (trust.h).
void check_leaf(X509* leaf, const std::string& label, sys_seconds now) {
  const std::uint32_t flags = X509_get_extension_flags(leaf);
  if ((flags & EXFLAG_INVALID) != 0) {
    throw insufficient(label + " has an extension that cannot be read");
  }
  if (X509_get_version(leaf) != 2) throw insufficient(label + " is not X.509 version 3");
  if (X509_NAME_entry_count(X509_get_subject_name(leaf)) == 0) {
    throw insufficient("the subject of the leaf is empty, which is not supported yet");
  }
  // A leaf without basicConstraints is accepted, because Vault and step-ca make such certificates.
  if ((flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0) {
    throw insufficient("basicConstraints of " + label + " has CA:TRUE; it must be CA:FALSE");
  }
  if (!has_key_usage(leaf, KU_DIGITAL_SIGNATURE)) {
    throw insufficient("keyUsage of " + label + " has no digitalSignature");
  }
  check_signature_algorithm(leaf, label);
  check_leaf_key(leaf, label);
  check_validity(leaf, label, now);
}

bool issuer_name_matches(const X509* certificate, const X509* issuer) {
  return X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) == 0;
}

bool issued_by(X509* certificate, X509* issuer) {
  if (!issuer_name_matches(certificate, issuer)) return false;
  EVP_PKEY* key = X509_get0_pubkey(issuer);
  const bool signed_by = key != nullptr && X509_verify(certificate, key) == 1;
  ERR_clear_error();
  return signed_by;
}

std::string name_text(const X509_NAME* name) {
  // Without ASN1_STRFLGS_ESC_MSB, characters that are not ASCII stay UTF-8.
  return bio_text([name](BIO* bio) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~std::uint32_t{ASN1_STRFLGS_ESC_MSB});
  });
}

std::string label_of(const std::string& role, const X509* certificate) {
  const std::string name = subject_text(certificate);
  return role + (name.empty() ? " (no subject)" : " (" + name + ")");
}

std::string chain_entry(std::size_t index, const X509* certificate) {
  return label_of(cat("certificate ", index + 1, " of x-amz-x509-chain"), certificate);
}

// Each certificate of the chain must have issued the one before it.
void check_order(X509* leaf, const std::vector<X509Ptr>& chain) {
  X509* below = leaf;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (X509_cmp(chain[i].get(), leaf) == 0) {
      throw untrusted(
          "x-amz-x509-chain contains the leaf; this header is only for the leaf's issuers");
    }
    if (!issued_by(below, chain[i].get())) {
      const std::string entry = chain_entry(i, chain[i].get());
      const std::string below_label =
          label_of(i == 0 ? "the leaf" : "the certificate before it", below);
      if (std::any_of(chain.begin(), chain.end(),
                      [below](const X509Ptr& other) { return issued_by(below, other.get()); })) {
        throw untrusted("x-amz-x509-chain is out of order: " + entry + " does not issue " +
                        below_label + ", but another one does; the leaf's issuer comes first");
      }
      if (const std::string key = unreadable_ml_dsa_key(chain[i].get()); !key.empty())
        throw untrusted(entry + " has " + key);
      throw untrusted(entry + " does not issue " + below_label +
                      (issuer_name_matches(below, chain[i].get())
                           ? ": the issuer's name matches, but its key did not make the signature"
                           : ", whose issuer is " + name_text(X509_get_issuer_name(below))));
    }
    below = chain[i].get();
  }
}

BignumPtr serial_number(const X509* certificate) {
  BignumPtr serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!serial) throw std::bad_alloc();
  return serial;
}

// The other checks of RFC 5280: path length, name constraints, critical extensions, key
// identifiers.
void check_with_openssl(X509* leaf, const std::vector<X509Ptr>& chain, X509* anchor) {
  struct FreeStack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
  };
  const std::unique_ptr<STACK_OF(X509), FreeStack> untrusted_stack(sk_X509_new_null());
  const std::unique_ptr<STACK_OF(X509), FreeStack> trusted_stack(sk_X509_new_null());
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (!untrusted_stack || !trusted_stack || !context) throw std::bad_alloc();
  for (const X509Ptr& certificate : chain) {
    if (sk_X509_push(untrusted_stack.get(), certificate.get()) <= 0) throw std::bad_alloc();
  }
  // Only the anchor that was found, because OpenSSL would use the first of several with the same
  // name.
  if (sk_X509_push(trusted_stack.get(), anchor) <= 0 ||
      X509_STORE_CTX_init(context.get(), nullptr, leaf, untrusted_stack.get()) != 1) {
    throw std::bad_alloc();
  }
  X509_STORE_CTX_set0_trusted_stack(context.get(), trusted_stack.get());
  // PARTIAL_CHAIN, because the trust anchor can be an intermediate. NO_CHECK_TIME, because the
  // dates are already checked, and OpenSSL refuses a certificate in the last second of its
  // validity.
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()),
                              X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
  const bool is_valid = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (is_valid) return;
  const X509* at = X509_STORE_CTX_get_current_cert(context.get());
  throw untrusted(cat(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())),
                      " at ", label_of("the certificate", at == nullptr ? leaf : at)));
}

}  // namespace

std::string subject_text(const X509* certificate) {
  return name_text(X509_get_subject_name(certificate));
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return name;
}

std::string source_identity(const X509* certificate) {
  // STS accepts at most 64 characters, and "CN=" has 3.
  const std::string name = common_name(certificate);
  if (name.empty()) return "ID=" + serial_hex(certificate);
  return code_points(name).size() <= 61 ? "CN=" + name : name;
}

std::string serial_hex(const X509* certificate) {
  const BignumPtr serial = serial_number(certificate);
  std::string bytes(std::max<std::size_t>(1, static_cast<std::size_t>(BN_num_bytes(serial.get()))),
                    '\0');
  BN_bn2binpad(serial.get(), reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  return hex_encode(bytes);
}

std::string serial_decimal(const X509* certificate) {
  char* text = BN_bn2dec(serial_number(certificate).get());
  if (text == nullptr) throw std::bad_alloc();
  std::string decimal(text);
  OPENSSL_free(text);
  return decimal;
}

Trust::Trust(const PemFile& anchors, const std::vector<PemFile>& crls)
    : anchors_(read_pem<X509Ptr>(anchors, "certificate", PEM_read_bio_X509)) {
  for (const X509Ptr& anchor : anchors_) {
    const std::string fault = why_not_an_issuer(anchor.get());
    if (!fault.empty()) {
      throw Error(ErrorKind::usage,
                  anchors.name + ": the certificate " + subject_text(anchor.get()) + " " + fault,
                  "a trust anchor is the certificate of the CA that issues the leaves or their "
                  "issuers, with CA:TRUE and keyCertSign");
    }
  }
  for (const PemFile& file : crls) {
    auto found = read_pem<X509CrlPtr>(file, "certificate revocation list", PEM_read_bio_X509_CRL);
    std::move(found.begin(), found.end(), std::back_inserter(crls_));
  }
}

// The anchor that issued this certificate, or nullptr.
X509* Trust::find_anchor(X509* certificate) const {
  const auto found = std::find_if(
      anchors_.begin(), anchors_.end(),
      [certificate](const X509Ptr& anchor) { return issued_by(certificate, anchor.get()); });
  return found == anchors_.end() ? nullptr : found->get();
}

void Trust::check_revocation(X509* certificate, X509* issuer) const {
  for (const X509CrlPtr& crl : crls_) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_subject_name(issuer)) != 0) continue;
    X509_REVOKED* entry = nullptr;
    // The result 2 means "removeFromCRL": the certificate is valid again. The signature of a CRL,
    // which may be long, is checked only if the certificate is on it.
    if (X509_CRL_get0_by_cert(crl.get(), &entry, certificate) != 1) continue;
    const bool is_genuine = X509_CRL_verify(crl.get(), X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    if (!is_genuine) continue;
    throw untrusted(label_of("the certificate", certificate) + ", serial number " +
                    serial_hex(certificate) + ", was revoked on " +
                    rfc3339(time_of(X509_REVOKED_get0_revocationDate(entry))) +
                    " according to the CRL of " + subject_text(issuer));
  }
}

void Trust::check(X509* leaf, const std::vector<X509Ptr>& chain, sys_seconds now) const {
  if (chain.size() > max_chain) {
    throw untrusted(
        cat("x-amz-x509-chain contains ", chain.size(), " certificates; at most 5 are allowed"));
  }
  check_order(leaf, chain);

  std::vector<X509*> path = {leaf};
  X509* anchor = find_anchor(leaf);
  for (std::size_t i = 0; anchor == nullptr && i < chain.size(); ++i) {
    path.push_back(chain[i].get());
    anchor = find_anchor(chain[i].get());
  }
  if (anchor == nullptr) {
    const bool same_name = std::any_of(anchors_.begin(), anchors_.end(), [&path](const X509Ptr& a) {
      return issuer_name_matches(path.back(), a.get());
    });
    const std::string issuer = name_text(X509_get_issuer_name(path.back()));
    throw untrusted(
        "no chain to the trust anchor: " +
        label_of(path.size() == 1 ? "the leaf" : "the chain's last certificate", path.back()) +
        (same_name
             ? " names the trust anchor as its issuer, but another key signed this certificate"
             : " was issued by " + issuer +
                   ", which is neither the trust anchor nor in x-amz-x509-chain"));
  }

  check_leaf(leaf, label_of("the leaf", leaf), now);
  for (std::size_t i = 1; i < path.size(); ++i) {
    const std::string label = label_of("the issuer", path[i]);
    const std::string fault = why_not_an_issuer(path[i]);
    if (!fault.empty()) throw insufficient(label + " " + fault);
    check_signature_algorithm(path[i], label);
    check_validity(path[i], label, now);
  }
  check_validity(anchor, label_of("the trust anchor", anchor), now);
  for (std::size_t i = 0; i < path.size(); ++i) {
    check_revocation(path[i], i + 1 < path.size() ? path[i + 1] : anchor);
  }
  check_with_openssl(leaf, chain, anchor);
}

}  // namespace rolecall::emulate

// One X.509 certificate, read once and never changed.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/openssl.h"

namespace rolecall::identity {

class Certificate {
 public:
  // Parses a certificate in DER. Bytes after the certificate are ignored. `name` is the name of the
  // file, for messages. Throws Error (usage) if `der` is not a certificate.
  Certificate(std::string_view der, const std::string& name);

  const std::string& der() const { return der_; }
  // The pointer is not to const because OpenSSL's read functions take a pointer to non-const. They
  // fill caches inside the structure.
  X509* x509() const { return x509_.get(); }
  EVP_PKEY* public_key() const;  // nullptr if OpenSSL does not know the kind of key
  // For messages. Also names kinds that OpenSSL does not know.
  std::string key_kind() const;
  std::string signature_kind() const;

  std::string subject() const;  // RFC 2253
  std::string issuer() const;   // RFC 2253
  std::string name() const;     // for messages: the subject, or the serial if the subject is empty
  std::string serial_decimal() const;  // a serial of any length
  std::string serial_hex() const;      // upper case, without leading zeros; "-" if negative
  std::chrono::sys_seconds not_before() const;
  std::chrono::sys_seconds not_after() const;
  bool valid_at(std::chrono::sys_seconds now) const;

  // Whether subject and issuer are the same name. The signature is not checked.
  bool self_issued() const;
  bool self_signed() const;
  // Whether the names match and the key of `issuer` made the signature.
  bool issued_by(const Certificate& issuer) const;

  friend bool operator==(const Certificate& a, const Certificate& b) { return a.der_ == b.der_; }

 private:
  std::string der_;
  std::shared_ptr<X509> x509_;  // copies share it, because nobody changes it
};

// Which of two certificates to use as the leaf: two with the same key (after a renewal), or two
// that the user's options match. A certificate that is valid at `now` is better than one that is
// not. Otherwise, the one that expires later is better.
bool is_better_leaf(const Certificate& a, const Certificate& b, std::chrono::sys_seconds now);

// The certificates of a PKCS#7 file (RFC 2315) in DER. Their order has no meaning. nullopt if `der`
// is not a PKCS#7 file. `name` is the name of the file, for messages.
std::optional<std::vector<Certificate>> certificates_in_pkcs7(std::string_view der,
                                                              const std::string& name);

std::string der_of(const X509* certificate);

}  // namespace rolecall::identity

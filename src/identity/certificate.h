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
  // Takes DER; throws Error (usage) where it is not one certificate. `name` is the file's.
  Certificate(std::string_view der, const std::string& name);

  const std::string& der() const { return der_; }
  // OpenSSL's read functions take a pointer to non-const and fill caches inside.
  X509* x509() const { return x509_.get(); }
  EVP_PKEY* public_key() const;  // nullptr: of a kind that OpenSSL does not know
  std::string key_kind() const;  // for messages, whether OpenSSL knows it or not

  std::string subject() const;         // RFC 2253
  std::string issuer() const;          // RFC 2253
  std::string name() const;            // for messages: the subject, or the serial where it is empty
  std::string serial_decimal() const;  // of any length
  std::string serial_hex() const;      // upper case, no leading zeros, "-" before a negative one
  std::chrono::sys_seconds not_before() const;
  std::chrono::sys_seconds not_after() const;
  bool valid_at(std::chrono::sys_seconds now) const;

  bool self_issued() const;  // by name alone
  bool self_signed() const;
  // By name and signature.
  bool issued_by(const Certificate& issuer) const;

  friend bool operator==(const Certificate& a, const Certificate& b) { return a.der_ == b.der_; }

 private:
  std::string der_;
  std::shared_ptr<X509> x509_;  // shared by copies, as nobody changes it
};

// Of two certificates of one key (renewed), or of two that a user could mean: one that is valid at
// `now` before one that is not, then the one that ends last.
bool is_better_leaf(const Certificate& a, const Certificate& b, std::chrono::sys_seconds now);

// The certificates of a PKCS#7 file (RFC 2315), in DER. Their order means nothing. No value if it
// is not such a file.
std::optional<std::vector<Certificate>> certificates_in_pkcs7(std::string_view der,
                                                              const std::string& name);

std::string der_of(const X509* certificate);

}  // namespace rolecall::identity

// The trust anchor, and the requirements of IAM Roles Anywhere for the certificates below it (User
// Guide, "Trust model": constraints on end-entity certificates, issuers, signatures, revocation).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/openssl.h"

namespace rolecall::emulate {

// At most so many certificates in x-amz-x509-chain. IAM Roles Anywhere: "at most 5 deep".
inline constexpr std::size_t max_chain = 5;

// A file's content, and its name in messages: "trust anchor file ca.pem".
struct PemFile {
  std::string name;
  std::string pem;
};

class Trust {
 public:
  // `anchors` contains one or more CA certificates. Each can be a root or an intermediate. Throws
  // Error (usage) if a file contains no certificate (or no CRL), one that cannot be read, or a
  // trust anchor that is not a CA.
  Trust(const PemFile& anchors, const std::vector<PemFile>& crls);

  // `chain` contains the issuers, the leaf's issuer first. Throws ErrorResponse if the service
  // would not accept the leaf at the time `now`. A CRL counts for the certificates of the issuer
  // that signed it, even if the CRL is overdue (nextUpdate).
  void check(X509* leaf, const std::vector<X509Ptr>& chain, std::chrono::sys_seconds now) const;

 private:
  X509* find_anchor(X509* certificate) const;
  void check_revocation(X509* certificate, X509* issuer) const;

  std::vector<X509Ptr> anchors_;
  std::vector<X509CrlPtr> crls_;
};

std::string subject_text(const X509* certificate);  // "CN=web,O=Example" (RFC 4514), UTF-8
std::string common_name(const X509* certificate);   // UTF-8. Empty: no common name
// The source identity of the certificate's sessions: "CN=web". If the common name is too long for
// that, only the name. If there is no common name, "ID=" and the serial number in hex.
std::string source_identity(const X509* certificate);
std::string serial_hex(const X509* certificate);  // lower case, whole bytes, such as "01"
std::string serial_decimal(const X509* certificate);

}  // namespace rolecall::emulate

// The trust anchor, and what IAM Roles Anywhere requires of the certificates below it (User Guide,
// "Trust model": constraints on end-entity certificates, issuers, signatures, revocation).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/openssl.h"

namespace rolecall::emulate {

// IAM Roles Anywhere: "at most 5 deep".
inline constexpr std::size_t max_chain = 5;

// A file's content and how messages call it: "trust anchor file ca.pem".
struct PemFile {
  std::string name;
  std::string pem;
};

class Trust {
 public:
  // `anchors` holds one CA certificate or more; each may be an intermediate CA. Throws Error
  // (usage) where a file holds none, holds one that cannot be read, or one that is no CA.
  Trust(const PemFile& anchors, const std::vector<PemFile>& crls);

  // `chain` holds the issuers, the leaf's first. Throws Refusal where the service would not accept
  // the leaf at `now`. A CRL counts for the certificates of the issuer that signed it; whether it
  // is overdue (nextUpdate) is not looked at.
  void check(X509* leaf, const std::vector<X509Ptr>& chain, std::chrono::sys_seconds now) const;

 private:
  X509* find_anchor(X509* certificate) const;
  void check_revocation(X509* certificate, X509* issuer) const;

  std::vector<X509Ptr> anchors_;
  std::vector<X509CrlPtr> crls_;
};

std::string subject_text(const X509* certificate);  // "CN=web,O=Example" (RFC 4514), UTF-8
std::string common_name(const X509* certificate);   // UTF-8; empty where there is none
// The sourceIdentity of its sessions: "CN=web", a longer name bare, without one "ID=" and the
// serial.
std::string source_identity(const X509* certificate);
std::string serial_hex(const X509* certificate);  // lower case, whole bytes: "01"
std::string serial_decimal(const X509* certificate);

}  // namespace rolecall::emulate

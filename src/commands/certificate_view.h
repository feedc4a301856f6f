// Shows a certificate to people. The output also works with grep: each line is one fact with its
// name.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::cli {

struct CertificateFile {
  identity::Certificate leaf;
  std::vector<identity::Certificate> chain;   // the leaf's issuer first
  std::vector<identity::Certificate> others;  // the other certificates of the file
};

// Returns lines, each with its line feed. The text contains only printable characters, even if the
// certificates do not.
std::string certificate_view(const CertificateFile& file, std::chrono::sys_seconds now);

// The digest of the certificate, in lower case hex.
std::string fingerprint(const identity::Certificate& certificate, const EVP_MD* digest);

}  // namespace rolecall::cli

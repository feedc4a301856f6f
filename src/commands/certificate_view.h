// What a certificate says, for people; and for grep: one fact a line, each line with its name.
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
  std::vector<identity::Certificate> others;  // what else the file holds
};

// Lines of text, the last one with its newline. Only printable characters, whatever the
// certificates hold.
std::string certificate_view(const CertificateFile& file, std::chrono::sys_seconds now);

// In hex, lower case.
std::string fingerprint(const identity::Certificate& certificate, const EVP_MD* digest);

}  // namespace rolecall::cli

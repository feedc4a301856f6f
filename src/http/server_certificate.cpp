#include "http/server_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/openssl.h"
#include "http/host_name.h"

namespace rolecall::http {

bool is_certificate_of(const std::string& certificate, const std::string& host) {
  const BioPtr pem = memory_bio(certificate);
  const X509Ptr leaf(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
  bool matches = false;
  if (leaf && is_ip_address(host)) {
    matches = X509_check_ip_asc(leaf.get(), host.c_str(), 0) == 1;
  } else if (leaf) {
    matches = X509_check_host(leaf.get(), host.data(), host.size(), 0, nullptr) == 1;
  }
  ERR_clear_error();
  return matches;
}

}  // namespace rolecall::http

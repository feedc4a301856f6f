#include "http/trust.h"

#include <dirent.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

namespace rolecall::http {
namespace {

// "002c0b4f.0": the hash of a subject and a counter.
bool is_hash_link(std::string_view name) {
  return name.size() >= 10 && name[8] == '.' && name[9] >= '0' && name[9] <= '9' &&
         name.substr(0, 8).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_hashed(const char* path) {
  struct Close {
    void operator()(DIR* d) const { closedir(d); }
  };
  const std::unique_ptr<DIR, Close> directory(opendir(path));
  if (!directory) return false;
  while (const dirent* entry = readdir(directory.get())) {
    if (is_hash_link(entry->d_name)) return true;
  }
  return false;
}

}  // namespace

Trust system_trust() {
  // Debian, Alpine, SUSE, Arch; then Fedora and RHEL. OpenSSL's own default first: it is the
  // distribution's choice where this program was built for it.
  const std::array directories = {X509_get_default_cert_dir(), "/etc/ssl/certs",
                                  "/etc/pki/ca-trust/extracted/pem/directory-hash"};
  const std::array bundles = {"/etc/ssl/certs/ca-certificates.crt",
                              "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                              "/etc/pki/tls/certs/ca-bundle.crt",
                              "/etc/ssl/ca-bundle.pem",
                              "/etc/ssl/cert.pem",
                              X509_get_default_cert_file()};
  Trust trust;
  if (const auto* found = std::find_if(directories.begin(), directories.end(), is_hashed);
      found != directories.end()) {
    trust.directory = *found;
  }
  const auto readable = [](const char* path) { return access(path, R_OK) == 0; };
  if (const auto* found = std::find_if(bundles.begin(), bundles.end(), readable);
      found != bundles.end()) {
    trust.bundle = *found;
  }
  return trust;
}

}  // namespace rolecall::http

#include "http/ca_store.h"

#include <dirent.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/files.h"
#include "base/text.h"

namespace rolecall::http {
namespace {

// Such as "002c0b4f.0": the hash of a subject, and a counter.
bool is_hash_link(std::string_view name) {
  return name.size() >= 10 && name[8] == '.' && name[9] >= '0' && name[9] <= '9' &&
         only(name.substr(0, 8), lower_hex_digits);
}

struct Close {
  void operator()(DIR* directory) const { closedir(directory); }
};

// The next entry that OpenSSL may open; nullptr if there are no more.
const char* next_hash_link(DIR* directory) {
  while (const dirent* entry = readdir(directory)) {
    if (is_hash_link(entry->d_name)) return entry->d_name;
  }
  return nullptr;
}

bool is_hashed(const char* path) {
  const std::unique_ptr<DIR, Close> directory(opendir(path));
  return directory && next_hash_link(directory.get()) != nullptr;
}

}  // namespace

CaStore system_ca_store() {
  // OpenSSL's own default is first: if this program was built for a distribution, it is the
  // distribution's choice. Then Debian, Alpine, SUSE and Arch; then Fedora and RHEL.
  const std::array directories = {X509_get_default_cert_dir(), "/etc/ssl/certs",
                                  "/etc/pki/ca-trust/extracted/pem/directory-hash"};
  const std::array bundles = {"/etc/ssl/certs/ca-certificates.crt",
                              "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                              "/etc/pki/tls/certs/ca-bundle.crt",
                              "/etc/ssl/ca-bundle.pem",
                              "/etc/ssl/cert.pem",
                              X509_get_default_cert_file()};
  CaStore store;
  if (const auto* found = std::find_if(directories.begin(), directories.end(), is_hashed);
      found != directories.end()) {
    store.directory = *found;
  }
  const auto readable = [](const char* path) { return access(path, R_OK) == 0; };
  if (const auto* found = std::find_if(bundles.begin(), bundles.end(), readable);
      found != bundles.end()) {
    store.bundle = *found;
  }
  return store;
}

void check_ca_store(const CaStore& store) {
  const std::string what = "file of CA certificates";
  if (!store.bundle.empty()) refuse_pipe(what, store.bundle);
  // SSL_CERT_DIR may name several directories with colons between them.
  for (std::string_view rest = store.directory; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string path(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::unique_ptr<DIR, Close> directory(opendir(path.c_str()));
    if (!directory) continue;
    while (const char* name = next_hash_link(directory.get()))
      refuse_pipe(what, path + "/" + name);
  }
}

}  // namespace rolecall::http

#include "commands/server_tls.h"

#include <utility>

#include "base/files.h"
#include "rolecall/error.h"

namespace rolecall::cli {

ServerTls::ServerTls(const Settings& settings, const Reporter& reporter)
    : certificate_path_(settings.text("tls-cert")), key_path_(settings.text("tls-key")) {
  if (certificate_path_.empty() != key_path_.empty()) {
    throw Error(ErrorKind::usage, "--tls-cert and --tls-key must be used together",
                "a TLS server needs a certificate and its key; for plain HTTP, give neither");
  }
  if (!is_on()) return;
  stamps_ = stamps();
  read(reporter);
}

bool ServerTls::read_if_changed(const Reporter& reporter) {
  if (!is_on()) return false;
  // The stamps are taken before the files are read. So a change during the read is seen next time.
  std::string now = stamps();
  if (now == stamps_) return false;
  stamps_ = std::move(now);
  read(reporter);
  return true;
}

std::string ServerTls::stamps() const {
  return file_stamp(certificate_path_) + "\n" + file_stamp(key_path_);
}

void ServerTls::read(const Reporter& reporter) {
  const FileContent certificate = read_file("TLS certificate file", certificate_path_);
  FileContent key = read_file("TLS key file", key_path_);
  warn_about_open_mode("TLS key file " + key_path_, key, reporter);
  certificate_ = certificate.bytes.view();
  key_ = std::move(key.bytes);
}

}  // namespace rolecall::cli

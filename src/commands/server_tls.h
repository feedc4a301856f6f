// --tls-cert and --tls-key of the commands that run a server.
#pragma once

#include <array>
#include <string>

#include "options/option.h"
#include "options/settings.h"
#include "rolecall/reporter.h"
#include "rolecall/secret.h"

namespace rolecall::cli {

constexpr std::array<Option, 2> tls_options(std::string_view group) {
  return {{
      {.name = "tls-cert",
       .kind = Kind::path,
       .group = group,
       .value = "FILE",
       .help = "A PEM file with the server's certificate and its chain. The server then uses "
               "https, and --tls-key is required."},
      {.name = "tls-key",
       .kind = Kind::path,
       .group = group,
       .value = "FILE",
       .help = "A PEM file with the key of --tls-cert. The key must not be encrypted."},
  }};
}

// The certificate and the key of a server, in files that may be replaced while the server runs.
class ServerTls {
 public:
  // Reads both files if the options are set. Throws Error (usage) if only one is set, or if a file
  // cannot be read.
  ServerTls(const Settings& settings, const Reporter& reporter);

  bool is_on() const { return !certificate_path_.empty(); }
  const std::string& certificate() const { return certificate_; }  // PEM text, leaf first
  const Secret& key() const { return key_; }                       // PEM text

  // Reads both files again if one of them has changed since they were read. Returns whether it has.
  // Throws Error (usage); then certificate and key stay as they are, until a file changes again.
  bool read_if_changed(const Reporter& reporter);

 private:
  std::string stamps() const;
  void read(const Reporter& reporter);

  std::string certificate_path_;
  std::string key_path_;
  std::string stamps_;
  std::string certificate_;
  Secret key_;
};

}  // namespace rolecall::cli

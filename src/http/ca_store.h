// Finds the CA certificates that a server's certificate is verified with.
#pragma once

#include <string>

namespace rolecall::http {

// Where CA certificates are. `directory` is a hashed directory (OpenSSL's `rehash`), or several
// with colons between them; only the certificate that is needed is read from it. `bundle` is a
// file, all of which is parsed in every run (20 ms for Debian's). Either may be empty.
struct CaStore {
  std::string directory;
  std::string bundle;
};

// The directory and the bundle of this system, in the places that the distributions use. Either is
// empty if it does not exist.
CaStore system_ca_store();

// Throws Error (usage) if the bundle, or a file in the directory, is a pipe, a socket or a device,
// because OpenSSL would wait for it for ever.
void check_ca_store(const CaStore& store);

}  // namespace rolecall::http

// Where the roots lie that a server's certificate is checked against.
#pragma once

#include <string>

namespace rolecall::http {

// A hashed directory (OpenSSL's `rehash`), of which only the root that is needed is read, or a
// bundle file, all of which is parsed for every run (20 ms for Debian's). Either may be empty.
struct Trust {
  std::string directory;
  std::string bundle;
};

// The system's own: each of the two where there is one, in the places that the distributions use.
Trust system_trust();

// Throws Error (usage) for a pipe or a device: OpenSSL would wait for it for ever.
void check_trust(const Trust& trust);

}  // namespace rolecall::http

#include "cache/entry_files.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "base/text.h"

namespace rolecall::aws {

// FNV-1a with 64 bits, only for file names. An entry contains its whole key, so two keys with the
// same file name only cause cache misses. For a cryptographic digest, every run would have to start
// OpenSSL, which takes time.
std::string name_of(const std::string& key) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : key)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return text.data();
}

bool is_entry_name(std::string_view text) {
  return text.size() == 16 && only(text, lower_hex_digits);
}

}  // namespace rolecall::aws

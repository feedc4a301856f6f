#include "rolecall/secret.h"

#include <openssl/crypto.h>

#include <cstring>

namespace rolecall {

void wipe(void* data, std::size_t size) noexcept {
  // Not OPENSSL_cleanse, because most runs that wipe need no libcrypto; not explicit_bzero, which
  // glibc has only since 2.25. The empty statement reads the bytes, so the compiler cannot leave
  // them out.
  std::memset(data, 0, size);
  asm volatile("" : : "r"(data) : "memory");
}

bool Secret::equals(std::string_view other) const noexcept {
  return size() == other.size() && CRYPTO_memcmp(bytes_.data(), other.data(), size()) == 0;
}

}  // namespace rolecall

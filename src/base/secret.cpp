#include "rolecall/secret.h"

#include <openssl/crypto.h>
#include <string.h>

namespace rolecall {

void wipe(void* data, std::size_t size) noexcept {
  explicit_bzero(data, size);  // not OPENSSL_cleanse, because most runs that wipe need no libcrypto
}

bool Secret::equals(std::string_view other) const noexcept {
  return size() == other.size() && CRYPTO_memcmp(bytes_.data(), other.data(), size()) == 0;
}

}  // namespace rolecall

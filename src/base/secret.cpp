#include "rolecall/secret.h"

#include <openssl/crypto.h>

namespace rolecall {

void wipe(void* data, std::size_t size) noexcept {
  OPENSSL_cleanse(data, size);
}

bool Secret::equals(std::string_view other) const noexcept {
  return size() == other.size() && CRYPTO_memcmp(bytes_.data(), other.data(), size()) == 0;
}

}  // namespace rolecall

#include "serve/tokens.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>

#include "base/openssl.h"

namespace rolecall::serve {

std::string TokenStore::issue(std::chrono::seconds ttl, Time now) {
  const Secret secret = random_hex(secret_size / 2);
  Slot& slot = slots_[next_];
  std::copy(secret.view().begin(), secret.view().end(), slot.secret.begin());
  slot.end = now + ttl;
  std::string token(secret.view());
  token += std::to_string(next_);
  next_ = (next_ + 1) % slots_.size();
  return token;
}

bool TokenStore::valid(std::string_view token, Time now) const {
  if (token.size() <= secret_size) return false;
  const std::string_view number = token.substr(secret_size);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (error != std::errc() || end != number.data() + number.size() || index >= slots_.size() ||
      (number.size() > 1 && number.front() == '0')) {
    return false;
  }
  const Slot& slot = slots_[index];
  return CRYPTO_memcmp(slot.secret.data(), token.data(), secret_size) == 0 && now < slot.end;
}

}  // namespace rolecall::serve

#include "serve/tokens.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>

#include "base/codec.h"
#include "base/openssl.h"
#include "rolecall/error.h"

namespace rolecall::serve {

std::string TokenStore::issue(std::chrono::seconds ttl, Time now) {
  std::array<unsigned char, secret_size / 2> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    throw Error(ErrorKind::failed, "no random numbers: " + openssl_error());
  }
  std::string secret = hex_encode({reinterpret_cast<const char*>(random.data()), random.size()});
  Slot& slot = slots_[next_];
  std::copy(secret.begin(), secret.end(), slot.secret.begin());
  slot.end = now + ttl;
  std::string token = secret + std::to_string(next_);
  next_ = (next_ + 1) % slots_.size();
  wipe(random.data(), random.size());
  wipe(secret.data(), secret.size());
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

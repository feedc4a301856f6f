#include "serve/tokens.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/codec.h"
#include "base/openssl.h"
#include "rolecall/error.h"

namespace rolecall::serve {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::string_view purpose = "rolecall IMDS token 1";
constexpr std::size_t number_size = 8;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t claims_size = 2 * number_size + nonce_size;  // issued, life, nonce
constexpr std::size_t mac_size = 32;
constexpr std::size_t token_size = (claims_size + mac_size) / 3 * 4;  // in base64
static_assert((claims_size + mac_size) % 3 == 0, "base64 without padding has one form alone");

// For a wall clock that was set back between two runs, as by NTP.
constexpr seconds tolerance{300};

std::string bytes_of(std::int64_t number) {
  std::string bytes(number_size, '\0');
  for (std::size_t i = 0; i < number_size; ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (number_size - 1 - i)));
  return bytes;
}

std::int64_t number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes)
    number = number << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::string ImdsTokens::issue(seconds life, aws::Instant now) const {
  std::string token = bytes_of(time(now).time_since_epoch().count()) +
                      bytes_of(std::min(life, longest_token_life).count()) +
                      hex_decode(random_hex(nonce_size).view()).value_or("");
  token += mac(token);
  return base64_encode(token);
}

bool ImdsTokens::valid(std::string_view token, aws::Instant now) const {
  const Genuine* found = find_genuine(token);
  return found != nullptr && found->issued <= time(now) + tolerance && time(now) < found->end;
}

const ImdsTokens::Genuine* ImdsTokens::find_genuine(std::string_view token) const {
  if (token.size() != token_size) return nullptr;
  Genuine& recent = recent_.at(static_cast<unsigned char>(token.back()) % recent_.size());
  if (recent.token.size() == token_size &&
      CRYPTO_memcmp(recent.token.data(), token.data(), token_size) == 0) {
    return &recent;
  }
  const std::string bytes = base64_decode(token).value_or("");
  if (bytes.size() != claims_size + mac_size) return nullptr;
  const std::string_view claims = std::string_view(bytes).substr(0, claims_size);
  const std::string expected = mac(claims);
  if (CRYPTO_memcmp(expected.data(), bytes.data() + claims_size, mac_size) != 0) return nullptr;
  const sys_seconds issued{seconds(number_of(claims.substr(0, number_size)))};
  recent = {std::string(token), issued,
            issued + seconds(number_of(claims.substr(number_size, number_size)))};
  return &recent;
}

sys_seconds ImdsTokens::time(aws::Instant now) const {
  return std::chrono::floor<seconds>(start_.wall + (now.steady - start_.steady));
}

std::string ImdsTokens::mac(std::string_view claims) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  const std::string text = std::string(purpose) + std::string(claims);
  if (HMAC(EVP_sha256(), key_.view().data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(),
           &size) == nullptr ||
      size != mac_size) {
    throw Error(ErrorKind::failed, "HMAC is not available: " + openssl_error());
  }
  return {bytes.begin(), bytes.begin() + mac_size};
}

}  // namespace rolecall::serve

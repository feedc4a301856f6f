#include "serve/tokens.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>

#include "base/codec.h"
#include "base/openssl.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::serve {
namespace {

using std::chrono::seconds;

constexpr std::string_view purpose = "rolecall IMDS token 2";
constexpr std::string_view boot_purpose = "rolecall boot";
constexpr std::size_t number_size = 8;
constexpr std::size_t boot_size = 8;
constexpr std::size_t nonce_size = 8;
// Time of issue by the wall clock, time of issue since the boot, lifetime, boot, nonce.
constexpr std::size_t claims_size = 3 * number_size + boot_size + nonce_size;
constexpr std::size_t mac_size = 32;
constexpr std::size_t imds_token_size = (claims_size + mac_size) / 3 * 4;  // in base64
static_assert((claims_size + mac_size) % 3 == 0, "base64 without padding has only one form");

// How far the wall clock may be set back between two boots, for example by NTP.
constexpr seconds max_clock_setback{300};

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

template <class Time>
Time seconds_of(std::string_view bytes) {
  return Time(seconds(number_of(bytes)));
}

template <class Time>
std::int64_t whole_seconds(Time time) {
  return std::chrono::floor<seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::string this_boot() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id.empty() ? std::string(random_hex(16).view()) : id;
}

// Tokens contain a MAC instead of the boot's id, so that clients do not learn the id.
ImdsTokens::ImdsTokens(Secret key, std::string_view boot) : key_(std::move(key)) {
  if (!key_.empty()) boot_ = mac(boot_purpose, boot).substr(0, boot_size);
}

std::string ImdsTokens::issue(seconds lifetime, aws::Instant now) const {
  std::string token = bytes_of(whole_seconds(now.wall)) + bytes_of(whole_seconds(now.steady)) +
                      bytes_of(std::min(lifetime, max_token_lifetime).count()) + boot_ +
                      hex_decode(random_hex(nonce_size).view()).value_or("");
  token += mac(purpose, token);
  return base64_encode(token);
}

bool ImdsTokens::valid(std::string_view token, aws::Instant now) const {
  const VerifiedToken* found = find_verified(token);
  if (found == nullptr) return false;
  if (found->is_of_this_boot) {
    return found->since_boot <= now.steady && now.steady < found->since_boot + found->lifetime;
  }
  return found->wall <= now.wall + max_clock_setback && now.wall < found->wall + found->lifetime;
}

const ImdsTokens::VerifiedToken* ImdsTokens::find_verified(std::string_view token) const {
  if (token.size() != imds_token_size) return nullptr;
  VerifiedToken& recent = recent_.at(static_cast<unsigned char>(token.back()) % recent_.size());
  if (recent.token.size() == imds_token_size &&
      CRYPTO_memcmp(recent.token.data(), token.data(), imds_token_size) == 0) {
    return &recent;
  }
  const std::string bytes = base64_decode(token).value_or("");
  if (bytes.size() != claims_size + mac_size) return nullptr;
  const std::string_view claims = std::string_view(bytes).substr(0, claims_size);
  const std::string expected = mac(purpose, claims);
  if (CRYPTO_memcmp(expected.data(), bytes.data() + claims_size, mac_size) != 0) return nullptr;
  recent = {
      std::string(token),
      seconds_of<std::chrono::system_clock::time_point>(claims.substr(0, number_size)),
      seconds_of<std::chrono::steady_clock::time_point>(claims.substr(number_size, number_size)),
      seconds(number_of(claims.substr(2 * number_size, number_size))),
      claims.substr(3 * number_size, boot_size) == boot_};
  return &recent;
}

std::string ImdsTokens::mac(std::string_view use, std::string_view content) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  const std::string text = cat(use, content);
  if (HMAC(EVP_sha256(), key_.view().data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(),
           &size) == nullptr ||
      size != mac_size) {
    throw Error(ErrorKind::failed, "HMAC is not available: " + openssl_error());
  }
  return {bytes.begin(), bytes.begin() + mac_size};
}

}  // namespace rolecall::serve

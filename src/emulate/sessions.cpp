#include "emulate/sessions.h"

#include <openssl/rand.h>

#include <array>

#include "base/codec.h"
#include "base/openssl.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view base64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void fill_random(char* bytes, std::size_t size) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes), static_cast<int>(size)) != 1) {
    throw Error(ErrorKind::failed, "no random bytes: " + openssl_error());
  }
}

// Each character is equally likely, because the sizes of the alphabets divide 256.
char letter(std::string_view alphabet, char byte) {
  return alphabet[static_cast<unsigned char>(byte) % alphabet.size()];
}

Secret random_text(std::string_view alphabet, std::size_t size) {
  Secret text;
  text.resize(size);
  fill_random(text.data(), size);
  for (std::size_t i = 0; i < size; ++i)
    text.data()[i] = letter(alphabet, text.data()[i]);
  return text;
}

std::string format_uuid(std::string_view bytes, char version) {
  std::string text = hex_encode(bytes.substr(0, 16));
  text[12] = version;
  text[16] = "89ab"[static_cast<unsigned char>(bytes[8]) % 4];
  for (const std::size_t at : {20U, 16U, 12U, 8U})
    text.insert(at, 1, '-');
  return text;
}

}  // namespace

Session random_session() {
  Session session;
  session.access_key_id = cat("ASIA", random_text(base32, 16).view());
  session.secret_access_key = random_text(base64, 40);
  session.session_token = random_text(base64, 480);
  return session;
}

std::string random_uuid() {
  std::array<char, 16> bytes{};
  fill_random(bytes.data(), bytes.size());
  return format_uuid({bytes.data(), bytes.size()}, '4');
}

std::string uuid_for(std::string_view name) {
  return format_uuid(sha256(name), '8');
}

std::string role_id_for(std::string_view role_arn) {
  std::string id = "AROA";
  for (const char byte : sha256(role_arn).substr(0, 17))
    id += letter(base32, byte);
  return id;
}

void Sessions::add(std::shared_ptr<const Session> session) {
  while (sessions_.size() >= capacity_ && !by_expiration_.empty()) {
    sessions_.erase(by_expiration_.begin()->second);
    by_expiration_.erase(by_expiration_.begin());
  }
  by_expiration_.emplace(session->expiration, session->access_key_id);
  sessions_[session->access_key_id] = std::move(session);
}

std::shared_ptr<const Session> Sessions::find(const std::string& access_key_id) const {
  const auto found = sessions_.find(access_key_id);
  return found == sessions_.end() ? nullptr : found->second;
}

}  // namespace rolecall::emulate

#include "base/json.h"

namespace rolecall {

json parse_json(std::string_view text) {
  return json::parse(text, nullptr, false);
}

SecretJson parse_secret_json(std::string_view text) {
  return SecretJson::parse(text, nullptr, false);
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Secret to_text(const SecretJson& value) {
  return Secret(value.dump(-1, ' ', false, SecretJson::error_handler_t::replace));
}

}  // namespace rolecall

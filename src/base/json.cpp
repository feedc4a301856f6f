#include "base/json.h"

namespace rolecall {
namespace {

// The library copies and frees nested values by recursion. Without this check, some ten thousand
// "[" from the network would overflow the stack.
bool is_too_deep(std::string_view text) {
  constexpr int deepest = 64;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > deepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

template <class Json>
Json parse(std::string_view text) {
  if (is_too_deep(text)) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

}  // namespace

json parse_json(std::string_view text) {
  return parse<json>(text);
}

SecretJson parse_secret_json(std::string_view text) {
  return parse<SecretJson>(text);
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_log_text(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

Secret to_text(const SecretJson& value) {
  return Secret(value.dump(-1, ' ', false, SecretJson::error_handler_t::replace));
}

}  // namespace rolecall

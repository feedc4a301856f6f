// Reads and writes JSON, also JSON that contains secrets. Only .cpp files include this header,
// because the library is large.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall {

using json = nlohmann::ordered_json;  // members keep their order

// JSON whose strings are wiped when they are freed. A std::basic_string keeps up to 15 characters
// inside the object, where they are not wiped. Secret keys (40 characters) and session tokens
// (hundreds) are longer than that.
using WipingString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
using SecretJson = nlohmann::basic_json<nlohmann::ordered_map, std::vector, WipingString>;

// The parser and the writer are compiled once, in json.cpp, because their templates take seconds to
// compile. If a text is not JSON, or is nested deeper than 64 levels, the result is a value whose
// is_discarded() is true. There is no exception, because the library's exceptions repeat the input.
json parse_json(std::string_view text);
SecretJson parse_secret_json(std::string_view text);
std::string to_text(const json& value);  // one line; bytes that are not UTF-8 become U+FFFD
Secret to_text(const SecretJson& value);
std::string to_log_text(const json& value);  // the same in ASCII, because terminals show logs

// Members of an object that came from outside. These functions return nothing if `object` is not an
// object, or if it has no member of this name and type.
template <class Json>
const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

template <class Json>
std::optional<std::string_view> text_member(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->template get_ref<const typename Json::string_t&>());
}

inline std::optional<std::int64_t> number_member(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<std::int64_t>();
}

inline std::optional<bool> bool_member(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

}  // namespace rolecall

// JSON, also such that holds secrets. Only .cpp files include this: the library is large.
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

// Its strings are wiped when freed. They are std::basic_string, which keeps up to 15 characters in
// place; secret keys (40) and session tokens (hundreds) are longer than that.
using WipingString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
using SecretJson = nlohmann::basic_json<nlohmann::ordered_map, std::vector, WipingString>;

// The parser and the writer are compiled here once, instead of in each file that needs them: they
// are seconds of templates. What is not JSON, or nested deeper than 64, reads as a value that
// is_discarded(); no exception, since the library's repeat the input.
json parse_json(std::string_view text);
SecretJson parse_secret_json(std::string_view text);
std::string to_text(const json& value);  // one line; bytes that are not UTF-8 become U+FFFD
Secret to_text(const SecretJson& value);
std::string to_log_text(const json& value);  // the same in ASCII, as terminals show logs

// Members of an object that came from outside. All return nothing if `object` is no object, or has
// no such member of this type.
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

inline std::optional<bool> truth_member(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

}  // namespace rolecall

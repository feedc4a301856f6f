#include "policy/hcl.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "base/text.h"
#include "base/unicode.h"

namespace rolecall::policy {
namespace {

// No document has a member of this name.
constexpr const char* reference_member = "hcl reference";

std::string escape_for(char32_t c) {
  std::array<char, 12> text{};
  const auto number = static_cast<unsigned long>(c);
  if (c > 0xFFFF)
    std::snprintf(text.data(), text.size(), "\\U%08lX", number);
  else
    std::snprintf(text.data(), text.size(), "\\u%04lX", number);
  return text.data();
}

std::string key_text(const std::string& key) {
  const bool is_identifier = only(key, letters_and_digits) && only(key.substr(0, 1), ascii_letters);
  return is_identifier ? key : hcl_string(key);
}

std::string object_text(const json& object, std::size_t indent) {
  struct Line {
    std::string key, value;
    bool is_one_line;
  };
  std::vector<Line> lines;
  for (const auto& [key, value] : object.items()) {
    std::string text = hcl_value(value, indent + 2);
    const bool is_one_line = text.find('\n') == std::string::npos;
    lines.push_back({key_text(key), std::move(text), is_one_line});
  }
  std::string text = "{\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // `terraform fmt` aligns the values of neighbours, if each is one line.
    std::size_t width = lines[i].key.size();
    if (lines[i].is_one_line) {
      for (std::size_t k = i; k > 0 && lines[k - 1].is_one_line; --k)
        width = std::max(width, lines[k - 1].key.size());
      for (std::size_t k = i + 1; k < lines.size() && lines[k].is_one_line; ++k)
        width = std::max(width, lines[k].key.size());
    }
    text += cat(std::string(indent + 2, ' '), lines[i].key,
                std::string(width - lines[i].key.size(), ' '), " = ", lines[i].value, "\n");
  }
  return text + std::string(indent, ' ') + "}";
}

}  // namespace

std::string hcl_string(std::string_view text) {
  const std::u32string characters = code_points(text);
  std::string result = "\"";
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char32_t c = characters[i];
    const bool is_before_brace = i + 1 < characters.size() && characters[i + 1] == U'{';
    if (c == U'"' || c == U'\\') {
      result += cat('\\', static_cast<char>(c));
    } else if ((c == U'$' || c == U'%') && is_before_brace) {
      result += std::string(2, static_cast<char>(c));
    } else if (c >= U' ' && c <= U'~') {
      result += static_cast<char>(c);
    } else {
      result += escape_for(c);
    }
  }
  return result + "\"";
}

json hcl_reference(std::string_view reference) {
  json value = json::object();
  value[reference_member] = reference;
  return value;
}

std::string hcl_value(const json& value, std::size_t indent) {
  if (value.is_string()) return hcl_string(value.get_ref<const std::string&>());
  if (const auto reference = text_member(value, reference_member)) return std::string(*reference);
  if (value.is_object()) return object_text(value, indent);
  if (value.is_array()) {
    return cat("[", join(value, ", ", [indent](const json& one) { return hcl_value(one, indent); }),
               "]");
  }
  return to_text(value);
}

}  // namespace rolecall::policy

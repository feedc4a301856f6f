#include "base/pkcs11_uri.h"

#include <algorithm>

#include "base/codec.h"
#include "rolecall/secret.h"

namespace rolecall {
namespace {

constexpr std::string_view scheme = "pkcs11:";
constexpr std::string_view pin_value = "pin-value";

constexpr std::string_view white_space = " \t\r\n\f\v";

// p11-kit drops white space anywhere in a URI.
std::string without_space(std::string_view text) {
  std::string dense(text);
  std::erase_if(dense, [](char c) { return white_space.find(c) != std::string_view::npos; });
  return dense;
}

// Keeps spaces inside a value. White space with a line end in it is dropped, because the URI was
// wrapped there.
void append_value(Secret& uri, std::string_view value) {
  while (!value.empty()) {
    const std::size_t word = std::min(value.find_first_of(white_space), value.size());
    uri.append(value.substr(0, word));
    value.remove_prefix(word);
    const std::size_t gap = value.find_first_not_of(white_space);
    if (gap == std::string_view::npos) return;
    if (value.find_first_not_of(' ') == gap && word > 0) {
      for (std::size_t i = 0; i < gap; ++i)
        uri.append("%20");
    }
    value.remove_prefix(gap);
  }
}

}  // namespace

Secret unwrapped_uri(std::string_view text) {
  Secret uri;
  std::string_view separators = ";?";  // in the path, "&" does not separate attributes
  const std::size_t path = std::min(text.find(':'), text.size());
  uri.append(without_space(text.substr(0, path)));
  text.remove_prefix(path);
  while (!text.empty()) {
    uri.append(text.substr(0, 1));  // ":" at first, then a separator
    if (text.front() == '?') separators = "&;";
    text.remove_prefix(1);
    const std::string_view attribute = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(attribute.size());
    const std::size_t equals = std::min(attribute.find('='), attribute.size());
    const std::string name = without_space(attribute.substr(0, equals));
    uri.append(name);
    if (equals == attribute.size()) continue;
    uri.append("=");
    const std::string_view value = attribute.substr(equals + 1);
    if (name == "id") {
      uri.append(without_space(value));
    } else {
      append_value(uri, value);
    }
  }
  return uri;
}

bool is_pkcs11_uri(std::string_view text) {
  return lower_case(without_space(text)).starts_with(scheme);
}

bool contains_pin(std::string_view text) {
  return is_pkcs11_uri(text) &&
         lower_case(without_space(text)).find(pin_value) != std::string::npos;
}

std::string without_pin(const std::string& text) {
  if (!is_pkcs11_uri(text)) return text;
  const std::string path(unwrapped_uri(std::string_view(text).substr(0, text.find('?'))).view());
  const std::string lower = lower_case(path);
  std::string shown;
  std::size_t begin = 0;
  for (std::size_t pin = lower.find(pin_value); pin != std::string::npos;
       pin = lower.find(pin_value, begin)) {
    shown += path.substr(begin, pin + pin_value.size() - begin) + "=…";
    begin = std::min(lower.find_first_of(";&", pin), lower.size());
  }
  return shown + path.substr(begin) + (text.find('?') == std::string::npos ? "" : "?…");
}

void wipe_pins(char* text, std::size_t size) {
  const std::string lower = lower_case(std::string(text, size));
  const std::size_t uri = lower.find(scheme);
  if (uri == std::string::npos || !contains_pin(lower.substr(uri))) return;
  const auto count = [](std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = part.find(pin_value); at != part.npos; at = part.find(pin_value, at + 1))
      ++found;
    return found;
  };
  // If white space splits the word "pin-value", it is not found here. Then the whole URI is
  // overwritten.
  if (count(lower.substr(uri)) < count(without_space(lower.substr(uri)))) {
    return wipe(text + uri, size - uri);
  }
  std::size_t pin = lower.find(pin_value, uri);
  while (pin != std::string::npos) {
    const std::size_t end = std::min(lower.find_first_of(";&?", pin), size);
    const std::size_t begin = std::min(pin + pin_value.size() + 1, end);
    wipe(text + begin, end - begin);
    pin = lower.find(pin_value, end);
  }
}

}  // namespace rolecall

#include "base/pkcs11_uri.h"

#include <algorithm>

#include "base/codec.h"
#include "rolecall/secret.h"

namespace rolecall {
namespace {

constexpr std::string_view scheme = "pkcs11:";
constexpr std::string_view pin_value = "pin-value";

// p11-kit drops it wherever it stands.
std::string without_space(std::string_view text) {
  std::string dense(text);
  std::erase_if(dense, [](char c) {
    return std::string_view(" \t\r\n\f\v").find(c) != std::string_view::npos;
  });
  return dense;
}

}  // namespace

bool is_pkcs11_uri(std::string_view text) {
  return lower_case(without_space(text)).starts_with(scheme);
}

bool holds_pin(std::string_view text) {
  return is_pkcs11_uri(text) &&
         lower_case(without_space(text)).find(pin_value) != std::string::npos;
}

std::string without_pin(const std::string& text) {
  if (!is_pkcs11_uri(text)) return text;
  const std::string path = without_space(text.substr(0, text.find('?')));
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
  if (uri == std::string::npos || !holds_pin(lower.substr(uri))) return;
  // With white space in the name itself it is not found here: then all of it goes.
  std::size_t pin = lower.find(pin_value, uri);
  if (pin == std::string::npos) wipe(text + uri, size - uri);
  while (pin != std::string::npos) {
    const std::size_t end = std::min(lower.find_first_of(";&?", pin), size);
    const std::size_t begin = std::min(pin + pin_value.size() + 1, end);
    wipe(text + begin, end - begin);
    pin = lower.find(pin_value, end);
  }
}

}  // namespace rolecall

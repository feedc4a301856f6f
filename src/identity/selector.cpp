#include "identity/selector.h"

#include <openssl/x509.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "identity/distinguished_name.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr std::string_view file_prefix = "file://";
constexpr std::string_view key_mark = "Key=";
constexpr std::string_view value_mark = ",Value=";

struct SelectorEntry {
  std::string key;
  std::string value;
};

[[noreturn]] void refuse_selector(const std::string& what, std::string hint) {
  throw Error(ErrorKind::usage, "`cert-selector`: " + what, std::move(hint));
}

constexpr const char* text_hint =
    "give \"Key=x509Subject,Value=CN=… Key=x509Issuer,Value=CN=… Key=x509Serial,Value=<hex>\" "
    "or file://selector.json";

std::vector<SelectorEntry> entries_of_text(std::string_view text) {
  std::vector<SelectorEntry> entries;
  std::string_view rest = trim(text);
  if (rest.empty()) refuse_selector("the selector is empty", text_hint);
  while (!rest.empty()) {
    if (!rest.starts_with(key_mark)) {
      refuse_selector(cat("\"", rest, "\" does not start with Key="), text_hint);
    }
    const std::size_t key_end = rest.find(value_mark);
    if (key_end == std::string_view::npos) {
      refuse_selector(cat("\"", rest, "\" has no \",Value=\""), text_hint);
    }
    const std::size_t value_start = key_end + value_mark.size();
    const std::size_t value_end = std::min(rest.find(key_mark, value_start), rest.size());
    entries.push_back({std::string(rest.substr(key_mark.size(), key_end - key_mark.size())),
                       std::string(trim(rest.substr(value_start, value_end - value_start)))});
    rest.remove_prefix(value_end);
  }
  return entries;
}

// The case of member names does not matter, and other members are ignored: AWS's credential helper
// does the same.
std::optional<std::string> member_in_any_case(const json& object, std::string_view name) {
  for (const auto& [key, value] : object.items()) {
    if (lower_case(key) == name && value.is_string()) return value.get<std::string>();
  }
  return std::nullopt;
}

std::vector<SelectorEntry> entries_of_file(const std::string& path) {
  constexpr const char* hint =
      "the file must contain a list such as [{\"Key\": \"x509Subject\", \"Value\": \"CN=app\"}]";
  if (path.empty()) refuse_selector("file:// names no file", text_hint);
  refuse_pipe("selector file", path);
  const FileContent content = read_file("selector file", path);
  const json list = parse_json(content.bytes.view());
  if (list.is_discarded()) refuse_selector(path + " is not JSON", hint);
  if (!list.is_array()) refuse_selector(path + " is not a JSON list", hint);
  std::vector<SelectorEntry> entries;
  for (const json& item : list) {
    std::optional<std::string> key;
    std::optional<std::string> value;
    if (item.is_object()) {
      key = member_in_any_case(item, "key");
      value = member_in_any_case(item, "value");
    }
    if (!key || !value) {
      refuse_selector(cat("entry ", entries.size() + 1, " of ", path,
                          " does not have Key and Value as strings"),
                      hint);
    }
    entries.push_back({*key, *value});
  }
  return entries;
}

// Whether `name` starts with an attribute type such as "CN" or "2.5.4.3" and "=" (RFC 2253, section
// 3, attributeType).
bool starts_with_attribute(std::string_view name) {
  const std::string_view type = trim(name.substr(0, std::min(name.find('='), name.size())));
  return type.size() < name.size() && only(type, letters_and_digits, "-.") &&
         is_letter_or_digit(type[0]);
}

std::string checked_name(const SelectorEntry& entry) {
  if (!starts_with_attribute(entry.value)) {
    refuse_selector(entry.key + " \"" + entry.value + "\" is not a name in RFC 2253 form",
                    "give a name such as CN=app,OU=Billing,O=Example; read-certificate-data "
                    "--certificate pkcs11: "
                    "prints the names of certificates");
  }
  return entry.value;
}

// Programs print the same serial as "2a:00:05", "2A 00 05" or 0x2a0005. Returns 2A0005 for each.
std::string checked_serial(const SelectorEntry& entry) {
  std::string_view text = entry.value;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::string digits;
  bool is_hex = !text.empty();
  for (std::size_t at = 0; at < text.size() && is_hex; ++at) {
    // Separators are allowed only between whole bytes, because "1 2" is ambiguous.
    const bool between = at > 0 && (text.size() - at) % 3 == 0;
    if ((text[at] == ':' || text[at] == ' ') && between) continue;
    digits += text[at];
    is_hex = only(text.substr(at, 1), lower_hex_digits, "ABCDEF");
  }
  if (!is_hex) {
    refuse_selector(
        entry.key + " \"" + entry.value + "\" is not hex",
        "give hex digits, as openssl x509 -noout -serial prints them; colons between the bytes are "
        "allowed");
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  digits = upper_case(digits);
  return negative && digits != "0" ? "-" + digits : digits;
}

}  // namespace

Selector parse_selector(const std::string& text) {
  const bool is_file = text.starts_with(file_prefix);
  const std::vector<SelectorEntry> entries =
      is_file ? entries_of_file(text.substr(file_prefix.size())) : entries_of_text(text);
  Selector selector;
  for (const SelectorEntry& entry : entries) {
    std::string* member_of_key = entry.key == "x509Subject"  ? &selector.subject
                                 : entry.key == "x509Issuer" ? &selector.issuer
                                 : entry.key == "x509Serial" ? &selector.serial
                                                             : nullptr;
    if (member_of_key == nullptr) {
      refuse_selector("there is no key \"" + entry.key + "\"",
                      "the keys are x509Subject, x509Issuer and x509Serial");
    }
    if (!member_of_key->empty()) {
      refuse_selector(
          "the key " + entry.key + " is given twice",
          is_file
              ? "leave only one of them"
              : "leave only one of them; a value that contains \"Key=\" needs the file:// form");
    }
    if (entry.value.empty()) {
      refuse_selector("the value of " + entry.key + " is empty",
                      "leave the key out to accept any value");
    }
    *member_of_key = entry.key == "x509Serial" ? checked_serial(entry) : checked_name(entry);
  }
  return selector;
}

std::string selector_text(const Selector& selector) {
  std::string text;
  const auto add = [&text](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    text.append(text.empty() ? "" : " ").append(key_mark).append(key).append(value_mark);
    text += value;
  };
  add("x509Subject", selector.subject);
  add("x509Issuer", selector.issuer);
  add("x509Serial", selector.serial);
  return text.empty() ? "(any certificate)" : text;
}

namespace identity {

bool matches(const Selector& selector, const Certificate& certificate) {
  const auto is_name = [](const std::string& text, const std::string& own, const X509_NAME* name) {
    return text.empty() || text == own || parse_name(text) == parts_of(name);
  };
  X509* x509 = certificate.x509();
  return (selector.serial.empty() || selector.serial == certificate.serial_hex()) &&
         is_name(selector.subject, certificate.subject(), X509_get_subject_name(x509)) &&
         is_name(selector.issuer, certificate.issuer(), X509_get_issuer_name(x509));
}

}  // namespace identity
}  // namespace rolecall

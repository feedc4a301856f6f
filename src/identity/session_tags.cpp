#include "identity/session_tags.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/codec.h"
#include "base/text.h"
#include "base/unicode.h"

namespace rolecall::identity {
namespace {

constexpr std::size_t longest_tag_key = 128;
constexpr std::size_t longest_value = 256;
constexpr std::size_t most_tags = 50;

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslDelete<GENERAL_NAMES_free>>;

std::string utf8(const ASN1_STRING* string) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, string);
  ERR_clear_error();  // a value that is not text becomes an empty text
  std::string text(reinterpret_cast<const char*>(bytes),
                   static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(bytes);
  return text;
}

void add_name(std::vector<SessionTag>& tags, const std::string& field, const std::string& prefix,
              const X509_NAME* name) {
  const std::size_t first = tags.size();
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const std::string type = prefix + object_name(X509_NAME_ENTRY_get_object(entry));
    const std::string value = utf8(X509_NAME_ENTRY_get_data(entry));
    const auto same =
        std::find_if(tags.begin() + static_cast<std::ptrdiff_t>(first), tags.end(),
                     [&type](const SessionTag& tag) { return tag.specifier == type; });
    if (same == tags.end()) {
      tags.push_back({field, type, value});
    } else {
      same->value += "/" + value;
    }
  }
}

void add_alternative_names(std::vector<SessionTag>& tags, const Certificate& leaf) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf.x509(), NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();  // check_requirements reports a damaged extension
  const std::string field = "x509SAN";
  bool has_dns = false;
  bool has_uri = false;
  bool has_name = false;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS && !std::exchange(has_dns, true)) {
      tags.push_back({field, "DNS", utf8(name->d.dNSName)});
    } else if (name->type == GEN_URI && !std::exchange(has_uri, true)) {
      tags.push_back({field, "URI", utf8(name->d.uniformResourceIdentifier)});
    } else if (name->type == GEN_DIRNAME && !std::exchange(has_name, true)) {
      add_name(tags, field, "Name/", name->d.directoryName);
    }
  }
}

// Returns the character in a form that a reader can recognise: "&" in quotes, or U+0301.
std::string shown(char32_t c) {
  if (c > U' ' && c <= U'~') return cat("\"", static_cast<char>(c), "\"");
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "U+%04lX", static_cast<unsigned long>(c));
  return text.data();
}

bool is_allowed(char32_t c) {
  return is_letter_separator_or_number(c) ||
         std::u32string_view(U"_.:/=+-@").find(c) != std::u32string_view::npos;
}

}  // namespace

std::vector<SessionTag> session_tags(const Certificate& leaf) {
  std::vector<SessionTag> tags;
  add_name(tags, "x509Subject", "", X509_get_subject_name(leaf.x509()));
  add_name(tags, "x509Issuer", "", X509_get_issuer_name(leaf.x509()));
  add_alternative_names(tags, leaf);
  return tags;
}

std::string session_name(const Certificate& leaf) {
  const std::string serial = lower_case(leaf.serial_hex());
  return cat(serial.size() % 2 == 0 ? "" : "0", serial);
}

std::string source_identity(const Certificate& leaf) {
  constexpr std::size_t longest = 64;  // STS API Reference, AssumeRole
  const X509_NAME* subject = X509_get_subject_name(leaf.x509());
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  const std::string name =
      index < 0 ? "" : utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (name.empty()) return "ID=" + session_name(leaf);
  return 3 + code_points(name).size() <= longest ? "CN=" + name : name;
}

std::string tag_fault(const SessionTag& tag) {
  // A fast path: nearly all tags have only these characters, which need no Unicode table.
  if (tag.value.size() <= longest_value &&
      tag.field.size() + tag.specifier.size() < longest_tag_key &&
      only(tag.value, letters_and_digits, "-./: ")) {
    return {};
  }
  const std::u32string value = code_points(tag.value);
  std::u32string wrong;
  for (const char32_t c : value) {
    if (!is_allowed(c) && wrong.find(c) == std::u32string::npos) wrong += c;
  }
  if (!wrong.empty()) {
    constexpr std::size_t most_shown = 5;
    std::string text = "has ";
    for (std::size_t i = 0; i < std::min(wrong.size(), most_shown); ++i)
      text += (i == 0 ? "" : ", ") + shown(wrong[i]);
    return text + (wrong.size() > most_shown ? " and others" : "");
  }
  if (value.size() > longest_value) {
    return cat("has ", value.size(), " characters instead of at most ", longest_value);
  }
  if (code_points(tag.key()).size() > longest_tag_key) {
    return cat("has a key of more than ", longest_tag_key, " characters");
  }
  return {};
}

std::string refused_tags(const Certificate& leaf) {
  const std::vector<SessionTag> tags = session_tags(leaf);
  std::string text;
  std::vector<SessionTag> refused;
  for (const SessionTag& tag : tags) {
    const std::string fault = tag_fault(tag);
    if (fault.empty()) continue;
    constexpr std::size_t longest_shown = 100;
    const std::string value =
        tag.value.size() > longest_shown ? tag.value.substr(0, longest_shown) + "…" : tag.value;
    text += (refused.empty() ? "session tag " : ", ") + tag.key() + " \"" + terminal_safe(value) +
            "\" " + fault;
    refused.push_back(tag);
  }
  if (!refused.empty())
    return text + ", which STS does not allow in a session tag; " + remedy_for(refused);
  if (tags.size() <= most_tags) return {};
  return cat("the certificate makes ", tags.size(), " session tags, and a session has at most ",
             most_tags);
}

std::string remedy_for(const std::vector<SessionTag>& tags) {
  std::string text =
      "use a certificate without such a value, or remove the mapping from the profile:";
  for (const std::string field : {"x509Subject", "x509Issuer", "x509SAN"}) {
    std::string specifiers;
    for (const SessionTag& tag : tags)
      if (tag.field == field) specifiers += " " + tag.specifier;
    if (specifiers.empty()) continue;
    text += (text.ends_with(':') ? "" : ";");
    text += " aws rolesanywhere delete-attribute-mapping --profile-id ID --certificate-field " +
            field + " --specifiers" + specifiers;
  }
  return text;
}

}  // namespace rolecall::identity

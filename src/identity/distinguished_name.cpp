#include "identity/distinguished_name.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/codec.h"
#include "base/openssl.h"
#include "base/text.h"

namespace rolecall::identity {
namespace {

constexpr std::string_view separators = ",;+";

// Names that Windows, Java and RFC 4519 give to attributes, and that OpenSSL does not know or
// writes in another case.
int nid_of(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, int>, 12> names = {{
      {"E", NID_pkcs9_emailAddress},
      {"EMAIL", NID_pkcs9_emailAddress},
      {"EMAILADDRESS", NID_pkcs9_emailAddress},
      {"S", NID_stateOrProvinceName},
      {"STREET", NID_streetAddress},
      {"SERIALNUMBER", NID_serialNumber},
      {"POSTALCODE", NID_postalCode},
      {"G", NID_givenName},
      {"GIVENNAME", NID_givenName},
      {"SURNAME", NID_surname},
      {"T", NID_title},
      {"DNQ", NID_dnQualifier},
  }};
  const std::string upper = upper_case(type);
  for (const auto& [name, nid] : names)
    if (upper == name) return nid;
  for (const std::string& name : {std::string(type), upper}) {
    if (const int nid = OBJ_txt2nid(name.c_str()); nid != NID_undef) return nid;
  }
  return NID_undef;
}

std::string oid_of(std::string_view type) {
  if (upper_case(type.substr(0, 4)) == "OID.") type.remove_prefix(4);
  if (!type.empty() && type[0] >= '0' && type[0] <= '9') return std::string(type);
  const int nid = nid_of(type);
  return nid == NID_undef ? "" : oid_text(OBJ_nid2obj(nid));
}

std::string value_text(const ASN1_TYPE* type, const ASN1_STRING* string) {
  unsigned char* bytes = nullptr;
  int size = ASN1_STRING_to_UTF8(&bytes, string);
  const bool is_text = size >= 0;
  if (!is_text) size = i2d_ASN1_TYPE(type, &bytes);
  ERR_clear_error();  // a value that is not text is no error
  if (size < 0) return "#";
  std::string value(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return is_text ? value : "#" + hex_encode(value);
}

// Returns the text that a value like "#0c0141" encodes.
std::optional<std::string> value_of_hex(std::string_view text) {
  if (!text.starts_with('#')) return std::nullopt;
  const auto der = hex_decode(text.substr(1));
  if (!der) return std::nullopt;
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  const std::unique_ptr<ASN1_TYPE, OpensslDelete<ASN1_TYPE_free>> value(
      d2i_ASN1_TYPE(nullptr, &at, static_cast<long>(der->size())));
  ERR_clear_error();
  if (!value || ASN1_TYPE_get(value.get()) == V_ASN1_BOOLEAN ||
      ASN1_TYPE_get(value.get()) == V_ASN1_OBJECT || ASN1_TYPE_get(value.get()) == V_ASN1_NULL) {
    return std::nullopt;
  }
  return value_text(value.get(), value->value.asn1_string);
}

// Returns "CN" if `text` starts with "CN=" or "CN =".
std::optional<std::string_view> type_at_start(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view type = trim(text.substr(0, equals));
  return only(type, letters_and_digits, "-.") ? std::optional(type) : std::nullopt;
}

// Removes a value, with its escapes, and the separator after it from the start of `text`. Returns
// the value.
std::string take_value(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const bool quoted = text.starts_with('"');
  if (quoted) text.remove_prefix(1);
  bool in_quotes = quoted;
  std::string value;
  std::size_t kept = 0;  // spaces at the end stay only if they are escaped or quoted
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      const auto byte = hex_decode(text.substr(0, 2));
      const bool is_byte = byte && byte->size() == 1;
      value += is_byte ? *byte : std::string(text.substr(0, 1));
      text.remove_prefix(is_byte ? 2 : 1);
      kept = value.size();
    } else if (in_quotes && c == '"') {
      in_quotes = false;
      kept = value.size();
    } else if (!in_quotes && separators.find(c) != std::string_view::npos && type_at_start(text)) {
      break;
    } else {
      value += c;
      if (in_quotes || c != ' ') kept = value.size();
    }
  }
  return value.substr(0, kept);
}

}  // namespace

NameParts parts_of(const X509_NAME* name) {
  NameParts parts;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    ASN1_STRING* data = X509_NAME_ENTRY_get_data(entry);
    ASN1_TYPE type{};
    type.type = ASN1_STRING_type(data);
    type.value.asn1_string = data;
    parts.emplace_back(oid_text(X509_NAME_ENTRY_get_object(entry)), value_text(&type, data));
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

NameParts parse_name(std::string_view text) {
  NameParts parts;
  while (const auto type = type_at_start(text)) {
    const std::string oid = oid_of(*type);
    text.remove_prefix(text.find('=') + 1);
    const std::string_view raw = text;
    std::string value = take_value(text);
    if (trim(raw).starts_with('#')) value = value_of_hex(value).value_or(value);
    parts.emplace_back(oid, std::move(value));
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

}  // namespace rolecall::identity

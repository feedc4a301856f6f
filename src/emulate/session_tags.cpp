#include "emulate/session_tags.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>

#include "base/unicode.h"
#include "emulate/error_response.h"

namespace rolecall::emulate {
namespace {

// The values of each attribute in the certificate's order, joined with "/".
using Values = std::map<std::string, std::u32string>;

std::u32string characters_of(const ASN1_STRING* string) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, string);
  ERR_clear_error();
  if (size < 0) return {};
  std::u32string text =
      code_points({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  OPENSSL_free(bytes);
  return text;
}

void add(Values& values, const std::string& attribute, const std::u32string& text) {
  const auto [entry, is_new] = values.emplace(attribute, text);
  if (!is_new) entry->second += U"/" + text;
}

void add_name(Values& values, const std::string& prefix, const X509_NAME* name) {
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
    const int nid = OBJ_obj2nid(type);
    char oid[128] = "?";
    if (nid == NID_undef) OBJ_obj2txt(oid, sizeof oid, type, 1);
    add(values, prefix + (nid == NID_undef ? oid : OBJ_nid2sn(nid)),
        characters_of(X509_NAME_ENTRY_get_data(entry)));
  }
}

// The default mapping uses only the first name of each kind.
Values alternative_names(X509* leaf) {
  const std::unique_ptr<GENERAL_NAMES, OpensslDelete<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  Values values;
  bool has_directory_name = false;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) values.emplace("DNS", characters_of(name->d.dNSName));
    if (name->type == GEN_URI)
      values.emplace("URI", characters_of(name->d.uniformResourceIdentifier));
    if (name->type != GEN_DIRNAME || has_directory_name) continue;
    has_directory_name = true;
    add_name(values, "Name/", name->d.directoryName);
  }
  return values;
}

// The values of session tags that STS accepts: [\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}
bool is_tag_value(const std::u32string& text) {
  return text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char32_t c) {
           return is_letter_separator_or_number(c) ||
                  std::u32string_view(U"_.:/=+-@").find(c) != std::u32string_view::npos;
         });
}

std::string refused_attributes(const Values& values) {
  std::string names;
  for (const auto& [attribute, text] : values)
    if (!is_tag_value(text)) names += (names.empty() ? "" : ", ") + attribute;
  return names;
}

}  // namespace

void check_session_tags(X509* leaf, const std::string& role_arn) {
  Values subject;
  Values issuer;
  add_name(subject, "", X509_get_subject_name(leaf));
  add_name(issuer, "", X509_get_issuer_name(leaf));
  const std::string of_issuer = refused_attributes(issuer);
  const std::string of_subject = refused_attributes(subject);
  const std::string of_san = refused_attributes(alternative_names(leaf));
  if (of_issuer.empty() && of_subject.empty() && of_san.empty()) return;
  throw access_denied("Unable to assume role for " + role_arn +
                      ". Some attributes failed to be mapped into session tags. Issuer: [ " +
                      of_issuer + " ]; Subject: [ " + of_subject + " ]; SAN: [ " + of_san + " ]");
}

}  // namespace rolecall::emulate

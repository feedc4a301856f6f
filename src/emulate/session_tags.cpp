#include "emulate/session_tags.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/unicode.h"
#include "emulate/error_response.h"

namespace rolecall::emulate {
namespace {

std::string text_of(const ASN1_STRING* string) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, string);
  ERR_clear_error();
  if (size < 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

// Several values of one attribute are joined with "/" in the certificate's order.
void add(SessionTags& tags, const std::string& attribute, const std::string& text) {
  const auto [entry, is_new] = tags.emplace(attribute, text);
  if (!is_new) entry->second += "/" + text;
}

void add_name(SessionTags& tags, const std::string& prefix, const X509_NAME* name) {
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
    const int nid = OBJ_obj2nid(type);
    char oid[128] = "?";
    if (nid == NID_undef) OBJ_obj2txt(oid, sizeof oid, type, 1);
    add(tags, prefix + (nid == NID_undef ? oid : OBJ_nid2sn(nid)),
        text_of(X509_NAME_ENTRY_get_data(entry)));
  }
}

// The default mapping uses only the first name of each kind.
void add_alternative_names(SessionTags& tags, X509* leaf) {
  const std::unique_ptr<GENERAL_NAMES, OpensslDelete<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  bool has_directory_name = false;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) tags.emplace("x509SAN/DNS", text_of(name->d.dNSName));
    if (name->type == GEN_URI)
      tags.emplace("x509SAN/URI", text_of(name->d.uniformResourceIdentifier));
    if (name->type != GEN_DIRNAME || has_directory_name) continue;
    has_directory_name = true;
    add_name(tags, "x509SAN/Name/", name->d.directoryName);
  }
}

// The values of session tags that STS accepts: [\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}
bool is_tag_value(std::string_view text) {
  const std::u32string characters = code_points(text);
  return characters.size() <= 256 &&
         std::all_of(characters.begin(), characters.end(), [](char32_t c) {
           return is_letter_separator_or_number(c) ||
                  std::u32string_view(U"_.:/=+-@").find(c) != std::u32string_view::npos;
         });
}

// The attributes of this field with a value that STS refuses.
std::string refused_attributes(const SessionTags& tags, const std::string& field) {
  std::string names;
  for (const auto& [name, text] : tags) {
    if (!name.starts_with(field) || is_tag_value(text)) continue;
    names += (names.empty() ? "" : ", ") + name.substr(field.size());
  }
  return names;
}

}  // namespace

SessionTags session_tags(X509* leaf, const std::string& role_arn) {
  SessionTags tags;
  add_name(tags, "x509Subject/", X509_get_subject_name(leaf));
  add_name(tags, "x509Issuer/", X509_get_issuer_name(leaf));
  add_alternative_names(tags, leaf);
  const std::string of_issuer = refused_attributes(tags, "x509Issuer/");
  const std::string of_subject = refused_attributes(tags, "x509Subject/");
  const std::string of_san = refused_attributes(tags, "x509SAN/");
  if (of_issuer.empty() && of_subject.empty() && of_san.empty()) return tags;
  throw access_denied("Unable to assume role for " + role_arn +
                      ". Some attributes failed to be mapped into session tags. Issuer: [ " +
                      of_issuer + " ]; Subject: [ " + of_subject + " ]; SAN: [ " + of_san + " ]");
}

}  // namespace rolecall::emulate

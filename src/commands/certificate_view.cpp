#include "commands/certificate_view.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/codec.h"
#include "base/text.h"
#include "base/time.h"
#include "identity/requirements.h"

namespace rolecall::cli {
namespace {

using identity::Certificate;
using std::chrono::sys_seconds;

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslDelete<GENERAL_NAMES_free>>;
using ExtendedUsePtr = std::unique_ptr<EXTENDED_KEY_USAGE, OpensslDelete<EXTENDED_KEY_USAGE_free>>;

constexpr std::size_t value_column = 15;

std::string_view bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string name_text(const std::string& name) {
  return name.empty() ? "(empty)" : terminal_safe(name);
}

std::string ip_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if ((bytes.size() != 4 && bytes.size() != 16) ||
      inet_ntop(family, bytes.data(), text.data(), static_cast<socklen_t>(text.size())) ==
          nullptr) {
    return "damaged: " + hex_encode(bytes);
  }
  return text.data();
}

std::string directory_name(const X509_NAME* name) {
  const std::string text = bio_text([name](BIO* bio) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  });
  return name_text(text);
}

std::string any_value(const ASN1_TYPE* value) {
  const int type = ASN1_TYPE_get(value);
  if (type == V_ASN1_UTF8STRING || type == V_ASN1_IA5STRING || type == V_ASN1_PRINTABLESTRING) {
    return terminal_safe(bytes_of(value->value.asn1_string));
  }
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_TYPE(value, &der);
  if (size <= 0) return "damaged";
  std::string hex =
      "#" + hex_encode({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return hex;
}

std::string alternative_name(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return "DNS:" + terminal_safe(bytes_of(name->d.dNSName));
    case GEN_EMAIL:
      return "email:" + terminal_safe(bytes_of(name->d.rfc822Name));
    case GEN_URI:
      return "URI:" + terminal_safe(bytes_of(name->d.uniformResourceIdentifier));
    case GEN_IPADD:
      return "IP:" + ip_text(bytes_of(name->d.iPAddress));
    case GEN_DIRNAME:
      return "DirName:" + directory_name(name->d.directoryName);
    case GEN_RID:
      return "RID:" + object_name(name->d.registeredID);
    case GEN_OTHERNAME:
      return "otherName:" + object_name(name->d.otherName->type_id) + ":" +
             any_value(name->d.otherName->value);
    case GEN_X400:
      return "X400Name: (not shown)";
    default:
      return "ediPartyName: (not shown)";
  }
}

std::string key_usage(const Certificate& certificate) {
  X509* x509 = certificate.x509();
  if ((X509_get_extension_flags(x509) & EXFLAG_KUSAGE) == 0) return "none";
  constexpr std::array<std::pair<std::uint32_t, const char*>, 9> bits = {{
      {KU_DIGITAL_SIGNATURE, "digitalSignature"},
      {KU_NON_REPUDIATION, "nonRepudiation"},
      {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
      {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
      {KU_KEY_AGREEMENT, "keyAgreement"},
      {KU_KEY_CERT_SIGN, "keyCertSign"},
      {KU_CRL_SIGN, "cRLSign"},
      {KU_ENCIPHER_ONLY, "encipherOnly"},
      {KU_DECIPHER_ONLY, "decipherOnly"},
  }};
  std::string text;
  for (const auto& [bit, name] : bits) {
    if ((X509_get_key_usage(x509) & bit) != 0) text += cat(text.empty() ? "" : ", ", name);
  }
  return text.empty() ? "empty" : text;
}

std::string extended_use(const Certificate& certificate) {
  int found = 0;
  const ExtendedUsePtr uses(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate.x509(), NID_ext_key_usage, &found, nullptr)));
  if (!uses) {
    ERR_clear_error();
    return found == -1 ? "none" : "damaged";
  }
  std::string text;
  for (int i = 0; i < sk_ASN1_OBJECT_num(uses.get()); ++i)
    text += (i == 0 ? "" : ", ") + object_name(sk_ASN1_OBJECT_value(uses.get(), i));
  return text.empty() ? "empty" : text;
}

std::string ca(const Certificate& certificate) {
  const std::uint32_t flags = X509_get_extension_flags(certificate.x509());
  if ((flags & EXFLAG_BCONS) == 0) return "not said (no basicConstraints)";
  if ((flags & EXFLAG_CA) == 0) return "no";
  const long longest = X509_get_pathlen(certificate.x509());
  return longest < 0 ? "yes" : cat("yes, path length ", longest);
}

std::string serial(const Certificate& certificate) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.x509()), nullptr));
  char* hex = number ? BN_bn2hex(number.get()) : nullptr;
  if (hex == nullptr) throw std::bad_alloc();
  std::string text = certificate.serial_decimal() + " (hex " + hex + ")";
  OPENSSL_free(hex);
  return text;
}

std::string remaining(const Certificate& certificate, sys_seconds now) {
  if (now > certificate.not_after()) {
    return "expired " + largest_unit_text(now - certificate.not_after()) + " ago";
  }
  return largest_unit_text(certificate.not_after() - now) + " left";
}

std::string link(const Certificate& certificate, sys_seconds now) {
  return name_text(certificate.subject()) + " (" + remaining(certificate, now) + ")";
}

class View {
 public:
  void add(const std::string& name, const std::string& value) {
    text_ += cat(name, ":", std::string(value_column - name.size() - 1, ' '), value, "\n");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_alternative_names(View& view, const Certificate& certificate) {
  int found = 0;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.x509(), NID_subject_alt_name, &found, nullptr)));
  if (!names) {
    ERR_clear_error();
    return view.add("SAN", found == -1 ? "none" : "damaged");
  }
  const int count = sk_GENERAL_NAME_num(names.get());
  if (count == 0) view.add("SAN", "empty");
  for (int i = 0; i < count; ++i)
    view.add("SAN", alternative_name(sk_GENERAL_NAME_value(names.get(), i)));
}

void add_validity(View& view, const Certificate& certificate, sys_seconds now) {
  const sys_seconds from = certificate.not_before();
  const std::string wait = now < from ? " (in " + largest_unit_text(from - now) + ")" : "";
  view.add("Valid from", rfc3339(from) + wait);
  view.add("Valid until",
           rfc3339(certificate.not_after()) + " (" + remaining(certificate, now) + ")");
}

}  // namespace

std::string fingerprint(const Certificate& certificate, const EVP_MD* digest) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  if (X509_digest(certificate.x509(), digest, bytes.data(), &size) != 1) {
    return "not available: " + openssl_error();
  }
  return hex_encode({reinterpret_cast<const char*>(bytes.data()), size});
}

std::string certificate_view(const CertificateFile& file, sys_seconds now) {
  const Certificate& leaf = file.leaf;
  View view;
  view.add("Subject", name_text(leaf.subject()));
  view.add("Issuer", name_text(leaf.issuer()));
  view.add("Serial", serial(leaf));
  add_alternative_names(view, leaf);
  add_validity(view, leaf, now);
  view.add("Key", leaf.key_kind());
  view.add("Key usage", key_usage(leaf));
  view.add("Extended use", extended_use(leaf));
  view.add("CA", ca(leaf));
  view.add("Signature", leaf.signature_kind());
  view.add("SHA-1", fingerprint(leaf, EVP_sha1()));
  view.add("SHA-256", fingerprint(leaf, EVP_sha256()));
  if (file.chain.empty()) {
    view.add("Chain", leaf.self_signed() ? "none (self-signed)" : "none in this file");
  }
  for (const Certificate& issuer : file.chain)
    view.add("Chain", link(issuer, now));
  for (const Certificate& other : file.others)
    view.add("Not in chain", link(other, now));
  const identity::Requirements found = identity::check_requirements(leaf, file.chain, now);
  view.add("Requirements", found.unmet.empty()
                               ? "met, as far as can be seen without the trust anchor"
                               : cat(found.unmet.size(), " not met"));
  for (const std::string& clause : found.unmet)
    view.add("Fails", terminal_safe(clause));
  for (const std::string& clause : found.doubtful)
    view.add("Warning", terminal_safe(clause));
  return view.take();
}

}  // namespace rolecall::cli

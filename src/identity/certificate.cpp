#include "identity/certificate.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <new>

#include "base/codec.h"
#include "base/ml_dsa.h"
#include "base/time.h"
#include "identity/key_kind.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

std::string rfc2253(const X509_NAME* name) {
  // ASN1_STRFLGS_ESC_MSB escapes all bytes over 127. The flag is off because people must be able to
  // read names in UTF-8.
  return terminal_safe(bio_text([name](BIO* bio) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  }));
}

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return {};  // d2i_X509 also accepts malformed times
  return from_utc(fields);
}

std::string serial_text(const X509* x509, char* (*write)(const BIGNUM*)) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
  char* text = number ? write(number.get()) : nullptr;
  if (text == nullptr) throw std::bad_alloc();
  std::string copy(text);
  OPENSSL_free(text);
  return copy;
}

}  // namespace

Certificate::Certificate(std::string_view der, const std::string& name) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = data;
  x509_.reset(d2i_X509(nullptr, &end, static_cast<long>(der.size())), X509_free);
  if (!x509_) {
    throw Error(ErrorKind::usage, name + " contains a damaged certificate: " + openssl_error(),
                "openssl x509 -in FILE -noout -text must be able to read it");
  }
  // In a block "TRUSTED CERTIFICATE", OpenSSL's own data follow the certificate.
  der_.assign(der.substr(0, static_cast<std::size_t>(end - data)));
}

EVP_PKEY* Certificate::public_key() const {
  return X509_get0_pubkey(x509_.get());
}

std::string Certificate::key_kind() const {
  if (const EVP_PKEY* key = public_key()) return describe_key(key);
  ASN1_OBJECT* algorithm = nullptr;
  X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(x509()));
  return name_of_other_kind(algorithm).value_or("unknown");
}

std::string Certificate::signature_kind() const {
  if (const auto name = ml_dsa_signature_name(x509()); !name.empty()) return std::string(name);
  const int nid = X509_get_signature_nid(x509());
  if (nid != NID_undef) return OBJ_nid2ln(nid);
  const X509_ALGOR* signature = nullptr;
  X509_get0_signature(nullptr, &signature, x509());
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, signature);
  return oid_text(algorithm);
}

std::string Certificate::subject() const {
  return rfc2253(X509_get_subject_name(x509_.get()));
}
std::string Certificate::issuer() const {
  return rfc2253(X509_get_issuer_name(x509_.get()));
}

std::string Certificate::name() const {
  const std::string text = subject();
  return text.empty() ? "serial " + serial_decimal() : text;
}

std::string Certificate::serial_decimal() const {
  return serial_text(x509_.get(), BN_bn2dec);
}

std::string Certificate::serial_hex() const {
  std::string text = serial_text(x509_.get(), BN_bn2hex);  // padded to whole bytes
  const std::size_t digits = text.starts_with('-') ? 1 : 0;
  const std::size_t first = text.find_first_not_of('0', digits);
  return text.erase(digits, std::min(first, text.size() - 1) - digits);
}

std::chrono::sys_seconds Certificate::not_before() const {
  return time_of(X509_get0_notBefore(x509_.get()));
}
std::chrono::sys_seconds Certificate::not_after() const {
  return time_of(X509_get0_notAfter(x509_.get()));
}

bool Certificate::valid_at(std::chrono::sys_seconds now) const {
  return not_before() <= now && now <= not_after();
}

bool Certificate::self_issued() const {
  return X509_NAME_cmp(X509_get_subject_name(x509_.get()), X509_get_issuer_name(x509_.get())) == 0;
}

bool Certificate::self_signed() const {
  return self_issued() && issued_by(*this);
}

bool Certificate::issued_by(const Certificate& issuer) const {
  if (X509_NAME_cmp(X509_get_issuer_name(x509_.get()), X509_get_subject_name(issuer.x509_.get())) !=
      0) {
    return false;  // the cheap test is first because to verify a signature costs more
  }
  EVP_PKEY* key = issuer.public_key();
  const bool verified = key != nullptr && X509_verify(x509_.get(), key) == 1;
  ERR_clear_error();  // X509_verify leaves its error in the queue
  return verified;
}

bool is_better_leaf(const Certificate& a, const Certificate& b, std::chrono::sys_seconds now) {
  if (a.valid_at(now) != b.valid_at(now)) return a.valid_at(now);
  return a.not_after() > b.not_after();
}

std::optional<std::vector<Certificate>> certificates_in_pkcs7(std::string_view der,
                                                              const std::string& name) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<PKCS7, OpensslDelete<PKCS7_free>> file(
      d2i_PKCS7(nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!file) return std::nullopt;
  std::vector<Certificate> certificates;
  if (!PKCS7_type_is_signed(file.get()) || file->d.sign == nullptr) return certificates;
  const STACK_OF(X509)* found = file->d.sign->cert;
  for (int i = 0; i < sk_X509_num(found); ++i)
    certificates.emplace_back(der_of(sk_X509_value(found, i)), name);
  return certificates;
}

std::string der_of(const X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  if (size < 0) throw std::bad_alloc();
  std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

}  // namespace rolecall::identity

#include "base/openssl.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include <array>
#include <climits>
#include <new>
#include <string_view>

#include "rolecall/error.h"

#ifdef ROLECALL_BUNDLE
// The OpenSSL of the portable program does not load its texts by itself
// (packaging/portable/libraries), which takes half a million instructions. The first function is in
// no header of OpenSSL.
extern "C" int ossl_err_load_crypto_strings(void);
extern "C" int ossl_err_load_SSL_strings(void);
#endif

namespace rolecall {

void OpensslFree::operator()(BIO* p) const noexcept {
  BIO_free_all(p);
}
void OpensslFree::operator()(BIGNUM* p) const noexcept {
  BN_free(p);
}
void OpensslFree::operator()(EVP_CIPHER* p) const noexcept {
  EVP_CIPHER_free(p);
}
void OpensslFree::operator()(EVP_CIPHER_CTX* p) const noexcept {
  EVP_CIPHER_CTX_free(p);
}
void OpensslFree::operator()(EVP_MD* p) const noexcept {
  EVP_MD_free(p);
}
void OpensslFree::operator()(EVP_MD_CTX* p) const noexcept {
  EVP_MD_CTX_free(p);
}
void OpensslFree::operator()(EVP_PKEY* p) const noexcept {
  EVP_PKEY_free(p);
}
void OpensslFree::operator()(EVP_PKEY_CTX* p) const noexcept {
  EVP_PKEY_CTX_free(p);
}
void OpensslFree::operator()(OSSL_DECODER_CTX* p) const noexcept {
  OSSL_DECODER_CTX_free(p);
}
void OpensslFree::operator()(OSSL_PARAM* p) const noexcept {
  OSSL_PARAM_free(p);
}
void OpensslFree::operator()(PKCS8_PRIV_KEY_INFO* p) const noexcept {
  PKCS8_PRIV_KEY_INFO_free(p);
}
void OpensslFree::operator()(X509* p) const noexcept {
  X509_free(p);
}
void OpensslFree::operator()(X509_CRL* p) const noexcept {
  X509_CRL_free(p);
}
void OpensslFree::operator()(X509_STORE_CTX* p) const noexcept {
  X509_STORE_CTX_free(p);
}
void OpensslFree::operator()(X509_sig_st* p) const noexcept {
  X509_SIG_free(p);
}

const char* openssl_reason(unsigned long code) {
#ifdef ROLECALL_BUNDLE
  static const int loaded = ossl_err_load_crypto_strings() + ossl_err_load_SSL_strings();
  static_cast<void>(loaded);
#endif
  return ERR_reason_error_string(code);
}

std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : openssl_reason(code);
  return reason == nullptr ? "unknown error" : reason;
}

std::string oid_text(const ASN1_OBJECT* object) {
  std::array<char, 256> text{};
  const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return size > 0 ? text.data() : "unknown";
}

std::string object_name(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  return nid == NID_undef ? oid_text(object) : OBJ_nid2sn(nid);
}

BioPtr memory_bio(std::string_view bytes) {
  if (bytes.size() > INT_MAX) throw std::bad_alloc();
  BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

BioPtr writable_bio() {
  return BioPtr(BIO_new(BIO_s_mem()));
}

std::string written_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace rolecall

// Handles that own OpenSSL's objects, and OpenSSL's errors, names and random numbers as text.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "rolecall/secret.h"

struct X509_sig_st;

namespace rolecall {

// For types that only one file uses.
template <auto free_function>
struct OpensslDelete {
  template <class T>
  void operator()(T* p) const noexcept {
    free_function(p);
  }
};

// Calls the right function for each type. These functions are in openssl.cpp, so that this header
// does not include the large headers of OpenSSL.
struct OpensslFree {
  void operator()(BIO* p) const noexcept;
  void operator()(BIGNUM* p) const noexcept;
  void operator()(EVP_CIPHER* p) const noexcept;
  void operator()(EVP_CIPHER_CTX* p) const noexcept;
  void operator()(EVP_MD* p) const noexcept;
  void operator()(EVP_MD_CTX* p) const noexcept;
  void operator()(EVP_PKEY* p) const noexcept;
  void operator()(EVP_PKEY_CTX* p) const noexcept;
  void operator()(OSSL_DECODER_CTX* p) const noexcept;
  void operator()(OSSL_PARAM* p) const noexcept;
  void operator()(PKCS8_PRIV_KEY_INFO* p) const noexcept;
  void operator()(X509* p) const noexcept;
  void operator()(X509_CRL* p) const noexcept;
  void operator()(X509_STORE_CTX* p) const noexcept;
  void operator()(X509_sig_st* p) const noexcept;
};

using BioPtr = std::unique_ptr<BIO, OpensslFree>;
using BignumPtr = std::unique_ptr<BIGNUM, OpensslFree>;
using DecoderCtxPtr = std::unique_ptr<OSSL_DECODER_CTX, OpensslFree>;
using EvpPkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslFree>;
using EvpPkeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree>;
using EvpCipherPtr = std::unique_ptr<EVP_CIPHER, OpensslFree>;
using EvpCipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslFree>;
using EvpMdPtr = std::unique_ptr<EVP_MD, OpensslFree>;
using EvpMdCtxPtr = std::unique_ptr<EVP_MD_CTX, OpensslFree>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslFree>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslFree>;
using X509Ptr = std::unique_ptr<X509, OpensslFree>;
using X509CrlPtr = std::unique_ptr<X509_CRL, OpensslFree>;
using X509SigPtr = std::unique_ptr<X509_sig_st, OpensslFree>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, OpensslFree>;

// OpenSSL's text for an error code, such as "bad decrypt"; nullptr if there is no text.
const char* openssl_reason(unsigned long code);

// The newest reason in this thread's OpenSSL error queue; "unknown error" if the queue is empty.
// Empties the queue, so that no later call reports an old failure.
std::string openssl_error();

// An object identifier as numbers: "2.5.4.3". "unknown" if it is malformed.
std::string oid_text(const ASN1_OBJECT* object);
// The short name of an object identifier, such as "CN"; if OpenSSL knows no name, the numbers.
std::string object_name(const ASN1_OBJECT* object);

// A BIO that reads `bytes` without copying them, so they must outlive it. Throws std::bad_alloc.
BioPtr memory_bio(std::string_view bytes);

// A BIO that can be written to; nullptr if there is no memory. What was written to such a BIO.
BioPtr writable_bio();
std::string written_text(BIO* bio);

// The text that `write` writes to a BIO. `write` is one of OpenSSL's print functions: it takes a
// BIO* and returns an int, which is negative if it fails. Then the result is empty.
template <class Write>
std::string bio_text(Write&& write) {
  const BioPtr bio = writable_bio();
  return bio && write(bio.get()) >= 0 ? written_text(bio.get()) : std::string();
}

}  // namespace rolecall

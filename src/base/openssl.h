// Handles that own OpenSSL's objects, and OpenSSL's errors, names and random numbers as text.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "rolecall/secret.h"

namespace rolecall {

template <auto free_function>
struct OpensslDelete {
  template <class T>
  void operator()(T* p) const noexcept {
    free_function(p);
  }
};

using BioPtr = std::unique_ptr<BIO, OpensslDelete<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, OpensslDelete<BN_free>>;
using DecoderCtxPtr = std::unique_ptr<OSSL_DECODER_CTX, OpensslDelete<OSSL_DECODER_CTX_free>>;
using EvpPkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDelete<EVP_PKEY_CTX_free>>;
using EvpPkeyPtr = std::unique_ptr<EVP_PKEY, OpensslDelete<EVP_PKEY_free>>;
using EvpCipherPtr = std::unique_ptr<EVP_CIPHER, OpensslDelete<EVP_CIPHER_free>>;
using EvpCipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslDelete<EVP_CIPHER_CTX_free>>;
using EvpMdPtr = std::unique_ptr<EVP_MD, OpensslDelete<EVP_MD_free>>;
using EvpMdCtxPtr = std::unique_ptr<EVP_MD_CTX, OpensslDelete<EVP_MD_CTX_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslDelete<OSSL_PARAM_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslDelete<PKCS8_PRIV_KEY_INFO_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDelete<X509_free>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, OpensslDelete<X509_CRL_free>>;
using X509SigPtr = std::unique_ptr<X509_SIG, OpensslDelete<X509_SIG_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, OpensslDelete<X509_STORE_free>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, OpensslDelete<X509_STORE_CTX_free>>;

// The newest reason in this thread's OpenSSL error queue; "unknown error" if the queue is empty.
// Empties the queue, so that no later call reports an old failure.
std::string openssl_error();

// An object identifier as numbers: "2.5.4.3". "unknown" if it is malformed.
std::string oid_text(const ASN1_OBJECT* object);
// The short name of an object identifier, such as "CN"; if OpenSSL knows no name, the numbers.
std::string object_name(const ASN1_OBJECT* object);

// `bytes` random bytes as hex. Throws Error (failed) if OpenSSL has no random numbers.
Secret random_hex(std::size_t bytes);

// A BIO that reads `bytes` without copying them, so they must outlive it. Throws std::bad_alloc.
BioPtr memory_bio(std::string_view bytes);

// The text that `write` writes to a BIO. `write` is one of OpenSSL's print functions: it takes a
// BIO* and returns an int, which is negative if it fails. Then the result is empty.
template <class Write>
std::string bio_text(Write&& write) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace rolecall

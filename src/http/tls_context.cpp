#include "http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <new>

#include "base/openssl.h"
#include "rolecall/error.h"

namespace rolecall::http {
namespace {

int no_password(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

EvpPkeyPtr read_tls_key(const Secret& key, X509* leaf) {
  bool asked = false;
  EvpPkeyPtr pkey(
      PEM_read_bio_PrivateKey(memory_bio(key.view()).get(), nullptr, no_password, &asked));
  if (asked) {
    throw Error(ErrorKind::usage, "the TLS key is encrypted",
                "decrypt the key first: openssl pkey -in key.pem -out plain.pem");
  }
  if (!pkey) {
    throw Error(ErrorKind::usage, "the TLS key file contains no private key: " + openssl_error(),
                "give a PEM file: -----BEGIN PRIVATE KEY-----");
  }
  if (X509_check_private_key(leaf, pkey.get()) != 1) {
    ERR_clear_error();
    throw Error(ErrorKind::usage, "the TLS key does not match the TLS certificate",
                "give the private key that belongs to the certificate");
  }
  return pkey;
}

X509Ptr read_tls_certificate(BIO* pem) {
  bool asked = false;
  return X509Ptr(PEM_read_bio_X509(pem, nullptr, no_password, &asked));
}

Error unusable_certificate() {
  ERR_clear_error();
  return Error(ErrorKind::usage,
               "the TLS certificate or its chain has a key or a signature that TLS cannot use",
               "use RSA keys of 2048 bits or more or EC keys, and signatures with SHA-256");
}

SslCtxPtr make_context_without_certificate() {
  SslCtxPtr context(libssl().CTX_new(libssl().server_method()));
  if (!context) throw std::bad_alloc();
  SSL_CTX* made = context.get();
  // The client decides which certificates are strong enough. The certificates of tests may be weak.
  libssl().CTX_set_security_level(made, 1);
  libssl().CTX_ctrl(made, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  libssl().CTX_ctrl(made, SSL_CTRL_SET_MAX_PROTO_VERSION, 0, nullptr);
  // No connection depends on an older one: no cache of sessions, and no tickets.
  libssl().CTX_ctrl(made, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
  libssl().CTX_set_num_tickets(made, 0);
  // HTTP itself says where a message ends, so a client may close its connection without a word.
  libssl().CTX_set_options(made, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CLEANSE_PLAINTEXT);
  constexpr long mode = static_cast<long>(SSL_MODE_ENABLE_PARTIAL_WRITE) |
                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;
  libssl().CTX_ctrl(made, SSL_CTRL_MODE, mode, nullptr);
  return context;
}

}  // namespace

SslCtxPtr make_tls_context(const std::string& certificate, const Secret& key) {
  const BioPtr pem = memory_bio(certificate);
  const X509Ptr leaf = read_tls_certificate(pem.get());
  if (!leaf) {
    ERR_clear_error();
    throw Error(
        ErrorKind::usage, "the TLS certificate file contains no certificate",
        "give a PEM file (-----BEGIN CERTIFICATE-----) with the server's certificate first");
  }
  const EvpPkeyPtr pkey = read_tls_key(key, leaf.get());
  SslCtxPtr context = make_context_without_certificate();
  if (libssl().CTX_use_certificate(context.get(), leaf.get()) != 1 ||
      libssl().CTX_use_PrivateKey(context.get(), pkey.get()) != 1) {
    throw unusable_certificate();
  }
  constexpr long count_reference = 1;
  while (const X509Ptr issuer = read_tls_certificate(pem.get())) {
    if (libssl().CTX_ctrl(context.get(), SSL_CTRL_CHAIN_CERT, count_reference, issuer.get()) != 1)
      throw unusable_certificate();
  }
  // The end of the file is an error, too. Something else after the last certificate is ignored.
  ERR_clear_error();
  return context;
}

}  // namespace rolecall::http

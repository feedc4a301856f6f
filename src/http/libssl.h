// libssl, which is loaded when the first server with TLS starts, because few runs start one. Only
// the TLS side of the server includes this header. (libcrypto is linked.)
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/library.h"

namespace rolecall::http {

// OpenSSL's headers define many setters as macros for CTX_ctrl.
#define ROLECALL_LIBSSL_FUNCTIONS(USE) \
  USE(TLS_, server_method)             \
  USE(SSL_, CTX_new)                   \
  USE(SSL_, CTX_free)                  \
  USE(SSL_, CTX_ctrl)                  \
  USE(SSL_, CTX_set_num_tickets)       \
  USE(SSL_, CTX_set_options)           \
  USE(SSL_, CTX_set_security_level)    \
  USE(SSL_, CTX_use_PrivateKey)        \
  USE(SSL_, CTX_use_certificate)       \
  USE(SSL, _new)                       \
  USE(SSL_, accept)                    \
  USE(SSL_, free)                      \
  USE(SSL_, get_error)                 \
  USE(SSL_, read)                      \
  USE(SSL_, set_fd)                    \
  USE(SSL_, shutdown)                  \
  USE(SSL_, write)

struct Libssl {
  ROLECALL_LIBSSL_FUNCTIONS(ROLECALL_POINTER)
};

// Throws Error (failed) if libssl cannot be loaded.
const Libssl& libssl();

struct LibsslFree {
  void operator()(SSL_CTX* p) const noexcept { libssl().CTX_free(p); }
  void operator()(SSL* p) const noexcept { libssl().free(p); }
};
using SslCtxPtr = std::unique_ptr<SSL_CTX, LibsslFree>;
using SslPtr = std::unique_ptr<SSL, LibsslFree>;

}  // namespace rolecall::http

// The server's certificate, chain and key, and the rules for its TLS connections.
#pragma once

#include <string>

#include "http/libssl.h"
#include "rolecall/secret.h"

namespace rolecall::http {

// TLS 1.2 and 1.3, without sessions that are resumed. `certificate` is PEM text: the certificate
// of the server, then its chain. `key` is PEM text, too. Throws Error (usage) if they cannot be
// used.
SslCtxPtr make_tls_context(const std::string& certificate, const Secret& key);

}  // namespace rolecall::http

// What the HTTP client needs to know besides the server.
#pragma once

#include <chrono>

#include "http/ca_store.h"

namespace rolecall::http {

struct ClientOptions {
  bool verify_tls = true;
  CaStore ca_store;        // both empty: system_ca_store()
  bool use_proxy = false;  // use the proxy that the *_proxy variables name
  // These two are only for hints. proxy_unused: such a variable is set, but use_proxy is false.
  // proxy_has_user: the URL of the proxy that is in use contains a user.
  bool proxy_unused = false;
  bool proxy_has_user = false;
  std::chrono::milliseconds connect_timeout{5000};
  bool keep_issuer = false;  // for Client::connection()
};

}  // namespace rolecall::http

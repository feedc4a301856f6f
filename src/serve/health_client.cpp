#include "serve/health_client.h"

#include "http/client.h"
#include "rolecall/error.h"
#include "serve/server_options.h"

namespace rolecall::serve {

http::Response get_health(const http::Origin& origin, const Deadline& deadline) {
  http::ClientOptions options;
  options.verify_tls = false;  // nothing secret is sent or received
  return http::Client(origin, options, {}).get("/healthz", deadline);
}

HealthAnswer ask_health(const http::SocketName& name, const Deadline& deadline) {
  http::Origin origin = loopback_origin(name);
  try {
    return {origin, get_health(origin, deadline)};
  } catch (const Error& without_tls) {
    origin.scheme = "https";
    try {
      return {origin, get_health(origin, deadline)};
    } catch (const Error&) {
      throw Error(without_tls);
    }
  }
}

}  // namespace rolecall::serve

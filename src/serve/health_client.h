// Asks a serve on this machine for its health.
#pragma once

#include "base/deadline.h"
#include "http/listener.h"
#include "http/message.h"
#include "http/origin.h"

namespace rolecall::serve {

// Sends GET /healthz. Does not verify the server's certificate, because neither the request nor the
// answer contains a secret. Uses no proxy. Throws Error.
http::Response get_health(const http::Origin& origin, const Deadline& deadline);

struct HealthAnswer {
  http::Origin origin;
  http::Response response;
};

// The same for the server that listens at `name`: by http, and if that fails, by https. Throws
// Error: the one of http if both fail.
HealthAnswer ask_health(const http::SocketName& name, const Deadline& deadline);

}  // namespace rolecall::serve

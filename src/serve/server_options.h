// How serve's answers are put behind a socket.
#pragma once

#include "http/client.h"
#include "http/server.h"
#include "serve/service.h"

namespace rolecall::serve {

// For a server whose answers are ready, on one thread, with as many connection slots as the process
// may have descriptors for. `service`, which outlives the server, is told of requests that cannot
// be read.
http::ServerOptions options_of_server(Service& service);

// As clients on this machine reach a socket of that name.
http::Origin own_origin(const http::SocketName& name);

}  // namespace rolecall::serve

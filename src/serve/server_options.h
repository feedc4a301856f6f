// The options of the HTTP server for serve.
#pragma once

#include <sys/resource.h>

#include "http/origin.h"
#include "http/server.h"
#include "serve/service.h"

namespace rolecall::serve {

// Descriptors for everything else than clients, so that renewals do not fail if clients use all
// connections. The server for supervisors takes some of them.
inline constexpr rlim_t spare_descriptors = 96;

// As many clients can be served at once, if the process may have so many descriptors.
inline constexpr rlim_t most_connections = 4096;

// With TLS, each of them needs the memory of two TLS records and more.
inline constexpr unsigned most_tls_connections = 120;

// For a server that answers without a wait, on one thread, with as many connection slots as the
// process's limit of descriptors allows. The server tells `service` about requests that cannot be
// read, so `service` must exist longer than the server.
http::ServerOptions options_of_server(Service& service);

// For the server at the address for supervisors, which has few connections.
http::ServerOptions options_of_status_server();

// The origin by which clients on this machine reach a socket with this name.
http::Origin loopback_origin(const http::SocketName& name);

}  // namespace rolecall::serve

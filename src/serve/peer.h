// Finds out which user of this machine has the other end of a connection.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "http/listener.h"

namespace rolecall::serve {

// Returns the owner of the socket at `peer` ("127.0.0.1:40404") that is connected to `server`.
// Returns nullopt if the peer is not on this machine's loopback, or if the kernel does not say.
// Asks the kernel about this one socket (sock_diag(7)), because /proc/net/tcp would list all
// sockets of the machine.
std::optional<uid_t> peer_uid(const std::string& peer, const http::SocketName& server);

}  // namespace rolecall::serve

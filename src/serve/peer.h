// Which user of this machine is at the other end of a connection.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "http/listener.h"

namespace rolecall::serve {

// The owner of the socket at `peer` ("127.0.0.1:40404") that is connected to `server`; nothing
// where the peer is not on this machine's loopback or the kernel does not tell. Asks the kernel for
// this one socket (sock_diag(7)), as /proc/net/tcp would list those of the whole machine.
std::optional<uid_t> peer_uid(const std::string& peer, const http::SocketName& server);

}  // namespace rolecall::serve

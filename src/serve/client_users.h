// Finds out which user of this machine has the other end of a connection.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/descriptor.h"
#include "http/listener.h"
#include "http/message.h"

namespace rolecall::serve {

// Only one thread at a time may use an object.
class ClientUsers {
 public:
  // `listens_on`: the address that the server listens on.
  explicit ClientUsers(http::SocketName listens_on);

  // The user who opened the socket of the client. If the client gave its socket to a process of
  // another user, that still is the user who opened it.
  //
  // nullopt if there is no such socket in this network namespace: the client is on another machine
  // or in another network namespace, or has closed its socket. Also nullopt if the client's user
  // does not exist in the user namespace of this process.
  //
  // Asks the kernel about this one socket (sock_diag(7)), because /proc/net/tcp would list all
  // sockets of the machine. Asks only once for each connection, because its user never changes.
  std::optional<uid_t> user_of(const http::Request& request);

 private:
  struct KnownUser {
    std::uint64_t connection = 0;
    uid_t user = 0;
  };

  std::optional<uid_t> ask_kernel(const http::SocketName& client, const http::SocketName& server);

  http::SocketName listens_on_;
  std::optional<uid_t> user_for_unknown_users_;
  Descriptor kernel_;
  std::uint32_t query_number_ = 0;
  // Each connection has one slot here. It replaces an older connection that had the same slot.
  std::array<KnownUser, 128> known_users_;
};

}  // namespace rolecall::serve

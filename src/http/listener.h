// A listening TCP socket that this process opened, or that was handed to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"

struct sockaddr;

namespace rolecall::http {

// The address and port of one end of a connection.
struct SocketName {
  std::string address;  // numeric, without brackets; empty if neither IPv4 nor IPv6
  int port = 0;
  bool ipv6 = false;

  std::string text() const;  // "127.0.0.1:40404", "[::1]:8443"
};
SocketName socket_name(const sockaddr* name);

// Reads "127.0.0.1:40404", "[::1]:8443", or a name instead of the address; the port may be missing
// (RFC 9110, 7.2), and is then 0. Returns nullopt for another form.
std::optional<SocketName> parse_socket_name(std::string_view text);

// Whether a numeric address is a loopback address (127.0.0.0/8 or ::1). A name is not.
bool is_loopback(const std::string& address);

// Throws Error (usage) unless `text` is a numeric address.
void check_is_address(const std::string& text);

// The same, and it is a loopback address. The hint names the option `allow-remote`.
void check_is_loopback(const std::string& text);

// From its construction on, clients can connect and wait to be served. So a port that is taken is
// known before there is work to do.
class Listener {
 public:
  // `address`: numeric, IPv4 or IPv6. `port`: 0 takes a free one. Throws Error (usage), with the
  // reason, if it cannot listen there.
  explicit Listener(const std::string& address, int port);
  Listener() : Listener("127.0.0.1", 0) {}
  // Takes over a socket that already listens (systemd's LISTEN_FDS). Throws Error (usage) if the
  // descriptor is not such a socket.
  explicit Listener(int descriptor);

  // Sets the time to live (IPv4) or the hop limit (IPv6) of what is sent: 1 to 255. Connections
  // that are accepted from then on have it too. Throws Error (failed).
  void set_hop_limit(int hops) const;

  const SocketName& name() const { return name_; }

  // Returns the descriptor. From then on, the caller must close it.
  int release() noexcept;

 private:
  void read_name();

  Descriptor socket_;
  SocketName name_;
};

}  // namespace rolecall::http

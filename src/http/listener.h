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

// Whether this is one of the fixed addresses at which SDKs look for credentials: 169.254.169.254
// and fd00:ec2::254 (instance metadata), 169.254.170.2 (ECS), 169.254.170.23 and fd00:ec2::23
// (EKS).
bool is_address_of_sdks(const std::string& address);

// The loopback interface that has this address, such as "lo"; empty if none has it.
std::string loopback_interface_with(const std::string& address);

// Throws Error (usage) unless `text` is a numeric address.
void check_is_address(const std::string& text);

// The same, and it is a loopback address. The hint names the option `allow-remote`.
void check_is_loopback(const std::string& text);

// From its construction on, clients can connect and wait to be served. So a port that is taken is
// known before there is work to do.
class Listener {
 public:
  // `address`: numeric, IPv4 or IPv6. `port`: 0 takes a free one. If `interface` is not empty, only
  // connections that come through it are accepted. Throws Error (usage), with the reason, if it
  // cannot listen there.
  explicit Listener(const std::string& address, int port, const std::string& interface = {});
  Listener() : Listener("127.0.0.1", 0) {}
  // Takes over a socket that already listens (systemd's LISTEN_FDS). Throws Error (usage) if the
  // descriptor is not such a socket.
  explicit Listener(int descriptor);

  // Sets the time to live (IPv4) or the hop limit (IPv6) of what is sent: 1 to 255. Connections
  // that are accepted from then on have it too. Throws Error (failed).
  void set_hop_limit(int hops) const;

  // Whether the socket accepts only what comes through this interface.
  bool is_bound_to(const std::string& interface) const;

  const SocketName& name() const { return name_; }

  // Returns the descriptor. From then on, the caller must close it.
  int release() noexcept;

 private:
  void read_name();

  Descriptor socket_;
  SocketName name_;
};

}  // namespace rolecall::http

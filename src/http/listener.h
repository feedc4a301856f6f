// A listening TCP socket: one of our own, or one that was handed to the process.
#pragma once

#include <string>

#include "base/descriptor.h"

struct sockaddr;

namespace rolecall::http {

// The address and port of one end of a connection.
struct SocketName {
  std::string address;  // numeric, without brackets; empty for what is neither IPv4 nor IPv6
  int port = 0;
  bool ipv6 = false;

  std::string text() const;  // "127.0.0.1:40404", "[::1]:8443"
};
SocketName socket_name(const sockaddr* name);

// Whether a numeric address is this machine's own, 127.0.0.0/8 or ::1. Names are not.
bool is_loopback(const std::string& address);

// Throws Error (usage) unless `text` is a numeric address.
void check_is_address(const std::string& text);

// From the moment that it is there, clients that connect wait to be served; so a port that is taken
// is known of before there is work to do.
class Listener {
 public:
  // `address`: IPv4 or IPv6, numeric; `port` 0: a free one. Throws Error (usage) where they cannot
  // be listened on, with the reason.
  explicit Listener(const std::string& address, int port);
  Listener() : Listener("127.0.0.1", 0) {}
  // Takes over a socket that listens already (systemd's LISTEN_FDS). Throws Error (usage) where the
  // descriptor is none.
  explicit Listener(int descriptor);

  // The time to live of what is sent (IPv4), or its hop limit (IPv6): 1 to 255. Connections that
  // are accepted from then on have it too. Throws Error (failed).
  void set_hop_limit(int hops) const;

  const SocketName& name() const { return name_; }

  // The descriptor, which is the caller's to close from now on.
  int release() noexcept;

 private:
  void read_name();

  Descriptor socket_;
  SocketName name_;
};

}  // namespace rolecall::http

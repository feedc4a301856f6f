#include "http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::http {

std::string SocketName::text() const {
  return cat(ipv6 ? "[" + address + "]" : address, ":", port);
}

SocketName socket_name(const sockaddr* name) {
  char text[INET6_ADDRSTRLEN] = "";
  if (name->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, name, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, ntohs(v4.sin_port), false};
  }
  if (name->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, name, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {text, ntohs(v6.sin6_port), true};
  }
  return {};
}

std::optional<SocketName> parse_socket_name(std::string_view text) {
  SocketName name;
  name.ipv6 = text.starts_with('[');
  const std::size_t end = name.ipv6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t begin = name.ipv6 ? 1 : 0;
  name.address = text.substr(begin, end - begin);
  std::string_view port = text.substr(end + begin);
  if (port.empty() || port == ":") return name;
  if (!port.starts_with(':') || !only(port.substr(1), ascii_digits)) return std::nullopt;
  name.port = parse_number<int>(port.substr(1)).value_or(0);
  return name;
}

bool is_loopback(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

namespace {

// The family is AF_UNSPEC if the text is not an address. An IPv6 address may name its interface:
// "fe80::1%eth0". getaddrinfo could read that too, but the static build must not contain
// getaddrinfo.
sockaddr_storage socket_address(const std::string& text, int port) {
  sockaddr_storage name{};
  const auto fill = [&name](const auto& address) { std::memcpy(&name, &address, sizeof address); };
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_port = v6.sin6_port = htons(static_cast<in_port_t>(port));
  const std::size_t percent = text.find('%');
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    fill(v4);
  } else if (inet_pton(AF_INET6, text.substr(0, percent).c_str(), &v6.sin6_addr) == 1) {
    if (percent != std::string::npos) v6.sin6_scope_id = if_nametoindex(&text[percent + 1]);
    if (percent == std::string::npos || v6.sin6_scope_id != 0) v6.sin6_family = AF_INET6;
    fill(v6);
  }
  return name;
}

// The address in its usual form, so that two texts of the same address are equal. Empty for a name.
std::string usual_form(const std::string& address) {
  const sockaddr_storage name = socket_address(address, 0);
  return socket_name(reinterpret_cast<const sockaddr*>(&name)).address;
}

}  // namespace

bool is_address_of_sdks(const std::string& address) {
  constexpr std::array<std::string_view, 5> known = {
      "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "fd00:ec2::254"};
  return std::find(known.begin(), known.end(), usual_form(address)) != known.end();
}

std::string loopback_interface_with(const std::string& address) {
  const std::string usual = usual_form(address);
  ifaddrs* list = nullptr;
  if (usual.empty() || getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_LOOPBACK) == 0) continue;
    if (socket_name(one->ifa_addr).address != usual) continue;
    const std::string name = one->ifa_name;  // "lo", or an old alias: "lo:1"
    return name.substr(0, name.find(':'));
  }
  return {};
}

// The kernel lowers it to net.core.somaxconn. (SOMAXCONN is 128 in older C libraries.)
constexpr int most_waiting_clients = 4096;

void check_is_address(const std::string& text) {
  if (socket_address(text, 0).ss_family != AF_UNSPEC) return;
  throw Error(ErrorKind::usage, "\"" + text + "\" is not an IP address",
              text == "localhost" ? "give the address as a number: 127.0.0.1, or ::1 for IPv6"
                                  : "give the address as a number, such as 127.0.0.1 or ::1");
}

void check_is_loopback(const std::string& text) {
  if (is_loopback(text)) return;
  check_is_address(text);
  throw Error(ErrorKind::usage, "the address " + text + " is not a loopback address",
              "use 127.0.0.1 or ::1, or add `allow-remote` so that other machines can connect");
}

Listener::Listener(const std::string& address, int port, const std::string& interface) {
  const std::string where = cat(address, ", port ", port);
  if (port < 0 || port > 65535) {
    throw Error(ErrorKind::usage, cat("no port has the number ", port),
                "give a port from 1 to 65535, or 0 for a free port");
  }
  check_is_address(address);
  const sockaddr_storage name = socket_address(address, port);
  socket_ = Descriptor(socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int one = 1;
  if (socket_.is_open()) setsockopt(socket_.fd(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (socket_.is_open() && !interface.empty() &&
      setsockopt(socket_.fd(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                 static_cast<socklen_t>(interface.size() + 1)) != 0) {
    throw Error(ErrorKind::usage,
                "cannot listen on " + where + " for only the interface " + interface + ": " +
                    std::strerror(errno),
                "before Linux 5.7, this needs the right CAP_NET_RAW");
  }
  if (!socket_.is_open() ||
      bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      listen(socket_.fd(), most_waiting_clients) != 0) {
    const int error = errno;
    throw Error(ErrorKind::usage, "cannot listen on " + where + ": " + std::strerror(error),
                error == EADDRINUSE
                    ? "another program uses this port: choose another port, or 0 for a free port"
                    : "");
  }
  read_name();
}

Listener::Listener(int descriptor) {
  const std::string name = cat("descriptor ", descriptor);
  int listens = 0;
  int domain = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    throw Error(ErrorKind::usage, name + " is not a listening socket",
                "a systemd socket unit passes such a socket: ListenStream=127.0.0.1:9911");
  }
  size = sizeof domain;
  getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size);
  if (domain != AF_INET && domain != AF_INET6) {
    throw Error(ErrorKind::usage, name + " does not listen on TCP",
                "SDKs use only TCP: ListenStream=127.0.0.1:9911");
  }
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  socket_ = Descriptor(descriptor);
  read_name();
}

bool Listener::is_bound_to(const std::string& interface) const {
  std::array<char, IFNAMSIZ> name{};
  socklen_t size = name.size();
  return getsockopt(socket_.fd(), SOL_SOCKET, SO_BINDTODEVICE, name.data(), &size) == 0 &&
         interface == name.data();
}

int Listener::release() noexcept {
  return socket_.release();
}

void Listener::read_name() {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&bound), &size);
  name_ = socket_name(reinterpret_cast<const sockaddr*>(&bound));
}

void Listener::set_hop_limit(int hops) const {
  // A socket for "::" also has IPv4 clients. The IPv4 option applies to what is sent to them.
  if (name_.ipv6) setsockopt(socket_.fd(), IPPROTO_IP, IP_TTL, &hops, sizeof hops);
  const int level = name_.ipv6 ? static_cast<int>(IPPROTO_IPV6) : static_cast<int>(IPPROTO_IP);
  if (setsockopt(socket_.fd(), level, name_.ipv6 ? IPV6_UNICAST_HOPS : IP_TTL, &hops,
                 sizeof hops) != 0) {
    throw Error(ErrorKind::failed,
                cat("cannot set the hop limit to ", hops, ": ", std::strerror(errno)));
  }
}

}  // namespace rolecall::http

#include "commands/serve_listener.h"

#include "commands/systemd.h"
#include "options/settings.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

// The interface through which all clients of the address must come; empty: any. The addresses at
// which SDKs look for credentials belong to no other machine of a network, so they may be on the
// loopback interface. But Linux also accepts connections to such an address that come through other
// interfaces: a neighbour needs only a route. So the socket is bound to the loopback interface.
std::string only_interface(const std::string& address, bool allow_remote) {
  if (allow_remote || http::is_loopback(address)) return {};
  if (!http::is_address_of_sdks(address)) http::check_is_loopback(address);
  std::string interface = http::loopback_interface_with(address);
  if (!interface.empty()) return interface;
  throw Error(ErrorKind::usage,
              "the address " + address + " is not on the loopback interface of this machine",
              "add it, as root: ip address add " + address +
                  " dev lo; or add `allow-remote` so "
                  "that other machines can connect");
}

http::Listener listen_as_set(const Settings& settings, bool allow_remote) {
  const std::string address = settings.text("address");
  return http::Listener(address, static_cast<int>(settings.number("port")),
                        only_interface(address, allow_remote));
}

http::Listener take_over(int descriptor, bool allow_remote) {
  http::Listener listener(descriptor);
  const std::string interface = only_interface(listener.name().address, allow_remote);
  if (interface.empty() || listener.is_bound_to(interface)) return listener;
  throw Error(ErrorKind::usage,
              "other machines may be able to connect to the socket for " + listener.name().address +
                  " that the service manager passes",
              "add BindToDevice=" + interface + " to the socket unit, or use `allow-remote`");
}

// ":9912" stands for all addresses, of IPv4 and IPv6.
http::Listener listen_at(const http::SocketName& name) {
  if (!name.address.empty()) return http::Listener(name.address, name.port);
  try {
    return http::Listener("::", name.port);
  } catch (const Error&) {
    return http::Listener("0.0.0.0", name.port);  // IPv6 is off
  }
}

}  // namespace

ServeListener listen_for_clients(const Settings& settings) {
  const std::optional<int> inherited = inherited_socket();
  const bool allow_remote = settings.is_on("allow-remote");
  http::Listener listener =
      inherited ? take_over(*inherited, allow_remote) : listen_as_set(settings, allow_remote);
  const bool is_remote = allow_remote && !http::is_loopback(listener.name().address);
  const long usual_hops = is_remote ? 1 : 64;
  listener.set_hop_limit(
      static_cast<int>(settings.has("hop-limit") ? settings.number("hop-limit") : usual_hops));
  return {std::move(listener), is_remote};
}

http::SocketName parse_metrics_address(const std::string& text) {
  const auto name = http::parse_socket_name(text);
  if (name && (name->port != 0 || text.ends_with(":0"))) return *name;
  throw Error(ErrorKind::usage,
              "`metrics-address` \"" + text + "\" is not an IP address and a port",
              "write it as 127.0.0.1:9912 or [::1]:9912, or as :9912 for all addresses");
}

std::optional<http::Listener> listen_for_supervisors(const Settings& settings) {
  if (!settings.is_not_empty("metrics-address")) return std::nullopt;
  return listen_at(parse_metrics_address(settings.text("metrics-address")));
}

}  // namespace rolecall::cli

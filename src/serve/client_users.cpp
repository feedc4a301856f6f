#include "serve/client_users.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <utility>

namespace rolecall::serve {
namespace {

struct SocketQuery {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

// An address as an IPv6 address. Those of IPv4 are mapped ("::ffff:127.0.0.1"): in this form, a
// server that listens on "::" sees its IPv4 clients.
std::optional<in6_addr> ipv6_form(const std::string& address) {
  in6_addr all{};
  if (inet_pton(AF_INET, address.c_str(), &all.s6_addr[12]) == 1) {
    all.s6_addr[10] = all.s6_addr[11] = 0xff;
    return all;
  }
  return inet_pton(AF_INET6, address.c_str(), &all) == 1 ? std::optional(all) : std::nullopt;
}

// The same for an address in a message of the kernel.
in6_addr ipv6_form(int family, const __be32 (&address)[4]) {
  in6_addr all{};
  if (family == AF_INET) {
    all.s6_addr[10] = all.s6_addr[11] = 0xff;
    std::memcpy(&all.s6_addr[12], &address[0], sizeof address[0]);
  } else {
    std::memcpy(&all, &address, sizeof all);
  }
  return all;
}

bool is_same(const in6_addr& a, const in6_addr& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

void put_address(const in6_addr& address, bool is_ipv4, __be32 (&into)[4]) {
  if (is_ipv4) {
    std::memcpy(&into[0], &address.s6_addr[12], sizeof into[0]);
  } else {
    std::memcpy(&into, &address, sizeof address);
  }
}

// Whether the client can still read an answer. It may have ended its own side of the connection.
bool is_connected(int state) {
  return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
         state == TCP_CLOSE_WAIT;
}

// In a user namespace without all users of the machine, the kernel shows all others as this user.
// Empty in a namespace that has all users.
std::optional<uid_t> user_that_stands_for_others() {
  std::uint64_t first = 1;
  std::uint64_t outside = 1;
  std::uint64_t count = 0;
  std::ifstream("/proc/self/uid_map") >> first >> outside >> count;
  constexpr std::uint64_t all = 0xFFFFFFFF;  // (uid_t)-1 is no user
  if (first == 0 && outside == 0 && count == all) return std::nullopt;
  uid_t user = 65534;
  std::ifstream("/proc/sys/kernel/overflowuid") >> user;
  return user;
}

}  // namespace

ClientUsers::ClientUsers(http::SocketName listens_on)
    : listens_on_(std::move(listens_on)),
      user_for_unknown_users_(user_that_stands_for_others()),
      kernel_(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {}

std::optional<uid_t> ClientUsers::user_of(const http::Request& request) {
  KnownUser& known = known_users_.at(request.connection % known_users_.size());
  if (request.connection != 0 && known.connection == request.connection) return known.user;
  const auto client = http::parse_socket_name(request.peer);
  if (!client) return std::nullopt;
  const auto user = ask_kernel(
      *client, request.local.empty()
                   ? listens_on_
                   : http::parse_socket_name(request.local).value_or(http::SocketName()));
  if (!user || user == user_for_unknown_users_) return std::nullopt;
  known = {request.connection, *user};
  return user;
}

std::optional<uid_t> ClientUsers::ask_kernel(const http::SocketName& client,
                                             const http::SocketName& server) {
  const std::optional<in6_addr> from = ipv6_form(client.address);
  const std::optional<in6_addr> to = ipv6_form(server.address);
  if (!from || !to || !kernel_.is_open()) return std::nullopt;
  const bool is_ipv4 = IN6_IS_ADDR_V4MAPPED(&*from);

  SocketQuery query{};
  query.header.nlmsg_len = sizeof query;
  query.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  query.header.nlmsg_flags = NLM_F_REQUEST;
  query.header.nlmsg_seq = ++query_number_;
  inet_diag_req_v2& body = query.body;
  body.sdiag_family = is_ipv4 ? AF_INET : AF_INET6;
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_states = ~0U;
  inet_diag_sockid& id = body.id;
  put_address(*from, is_ipv4, id.idiag_src);
  put_address(*to, is_ipv4, id.idiag_dst);
  id.idiag_sport = htons(static_cast<std::uint16_t>(client.port));
  id.idiag_dport = htons(static_cast<std::uint16_t>(server.port));
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (send(kernel_.fd(), &query, sizeof query, 0) != static_cast<ssize_t>(sizeof query))
    return std::nullopt;

  // The kernel has already replied when send() returns.
  alignas(nlmsghdr) char reply[1024];
  nlmsghdr header{};
  inet_diag_msg found{};
  do {
    const ssize_t size = recv(kernel_.fd(), reply, sizeof reply, MSG_DONTWAIT);
    if (size < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof found)) return std::nullopt;
    std::memcpy(&header, reply, sizeof header);
  } while (header.nlmsg_seq != query_number_);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
  std::memcpy(&found, reply + NLMSG_HDRLEN, sizeof found);
  // If no socket has these two ends, the kernel also finds a socket that listens on the port of the
  // client, and that may belong to another user.
  const bool is_this_connection =
      found.id.idiag_sport == id.idiag_sport && found.id.idiag_dport == id.idiag_dport &&
      is_same(ipv6_form(found.idiag_family, found.id.idiag_src), *from) &&
      is_same(ipv6_form(found.idiag_family, found.id.idiag_dst), *to);
  // A socket that its owner has closed has no inode, and user 0.
  if (!is_this_connection || !is_connected(found.idiag_state) || found.idiag_inode == 0)
    return std::nullopt;
  return found.idiag_uid;
}

}  // namespace rolecall::serve

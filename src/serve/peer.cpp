#include "serve/peer.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "base/descriptor.h"

namespace rolecall::serve {
namespace {

struct SocketQuery {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

}  // namespace

std::optional<uid_t> peer_uid(const std::string& peer, const http::SocketName& server) {
  const http::SocketName from = http::parse_socket_name(peer).value_or(http::SocketName());
  if (!http::is_loopback(from.address) || from.ipv6 != server.ipv6) return std::nullopt;
  // If the server listens on all addresses, a client on the loopback usually connects to the
  // address that it also connects from.
  const bool listens_on_all = server.address == "0.0.0.0" || server.address == "::";
  const std::string& to = listens_on_all ? from.address : server.address;

  SocketQuery query{};
  query.header.nlmsg_len = sizeof query;
  query.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  query.header.nlmsg_flags = NLM_F_REQUEST;
  inet_diag_req_v2& body = query.body;
  body.sdiag_family = from.ipv6 ? AF_INET6 : AF_INET;
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_states = ~0U;
  inet_diag_sockid& id = body.id;
  inet_pton(body.sdiag_family, from.address.c_str(), &id.idiag_src);
  inet_pton(body.sdiag_family, to.c_str(), &id.idiag_dst);
  id.idiag_sport = htons(static_cast<std::uint16_t>(from.port));
  id.idiag_dport = htons(static_cast<std::uint16_t>(server.port));
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;

  // This socket stays open, because the kernel is asked about each client that gets credentials.
  thread_local const Descriptor kernel(
      socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  thread_local std::uint32_t query_number = 0;
  query.header.nlmsg_seq = ++query_number;
  if (!kernel.is_open() ||
      send(kernel.fd(), &query, sizeof query, 0) != static_cast<ssize_t>(sizeof query)) {
    return std::nullopt;
  }
  // The kernel has already replied when send() returns.
  alignas(nlmsghdr) char reply[1024];
  nlmsghdr header{};
  inet_diag_msg found{};
  do {
    const ssize_t size = recv(kernel.fd(), reply, sizeof reply, MSG_DONTWAIT);
    if (size < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof found)) return std::nullopt;
    std::memcpy(&header, reply, sizeof header);
  } while (header.nlmsg_seq != query_number);
  std::memcpy(&found, reply + NLMSG_HDRLEN, sizeof found);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || found.id.idiag_sport != id.idiag_sport ||
      found.idiag_inode == 0) {  // closed by its owner; the user would be 0
    return std::nullopt;
  }
  return found.idiag_uid;
}

}  // namespace rolecall::serve

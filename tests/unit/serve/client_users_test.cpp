#include "serve/client_users.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

sockaddr_storage loopback_address(int family, int port) {
  sockaddr_storage name{};
  const auto fill = [&name](const auto& address) { std::memcpy(&name, &address, sizeof address); };
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(port));
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fill(v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    v6.sin6_addr = in6addr_loopback;
    fill(v6);
  }
  return name;
}

// A client on the loopback that is connected to a listener.
class Client {
 public:
  Client(int family, int port) : socket_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_storage server = loopback_address(family, port);
    is_connected_ = connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&server),
                            family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)) == 0;
  }
  bool is_connected() const { return is_connected_; }
  http::SocketName name() const {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&bound), &size);
    return http::socket_name(reinterpret_cast<const sockaddr*>(&bound));
  }
  int fd() const { return socket_.fd(); }
  void close() { socket_ = Descriptor(); }

 private:
  Descriptor socket_;
  bool is_connected_ = false;
};

http::Request request_from(const std::string& peer, std::uint64_t connection = 0,
                           const std::string& local = "") {
  http::Request made = test::request("GET", "/");
  made.peer = peer;
  made.connection = connection;
  made.local = local;
  return made;
}

const std::optional<uid_t> me = getuid();

// The kernel does not know a client that has closed its connection. So if the user is still known,
// the object has remembered it.
TEST(ClientUsers, AskTheKernelOnceForEachConnection) {
  const http::Listener listener;
  ClientUsers users(listener.name());
  Client client(AF_INET, listener.name().port);
  ASSERT_TRUE(client.is_connected());
  const std::string peer = client.name().text();
  EXPECT_EQ(users.user_of(request_from(peer, 7)), me);
  EXPECT_EQ(users.user_of(request_from(peer, 0)), me);
  client.close();
  EXPECT_EQ(users.user_of(request_from(peer, 7)), me);
  EXPECT_EQ(users.user_of(request_from(peer, 0)), std::nullopt)
      << "a connection without a number is not remembered";
  EXPECT_EQ(users.user_of(request_from(peer, 7 + 128)), std::nullopt)
      << "another connection of the same port, in the same slot";
  EXPECT_EQ(users.user_of(request_from(peer, 7)), me) << "an unknown user does not take the slot";
}

TEST(ClientUsers, KnowAClientThatOnlyReads) {
  const http::Listener listener;
  ClientUsers users(listener.name());
  const Client client(AF_INET, listener.name().port);
  ASSERT_EQ(shutdown(client.fd(), SHUT_WR), 0);
  EXPECT_EQ(users.user_of(request_from(client.name().text())), me);
}

// Both ends of the connection count. For a client that is gone, the kernel finds a socket that
// listens on the port of the client.
TEST(ClientUsers, AreNotThoseOfAnotherSocketOnTheSamePort) {
  const http::Listener listener;
  const http::Listener other("0.0.0.0", 0);
  ClientUsers users(listener.name());
  const std::string port = std::to_string(other.name().port);
  for (const std::string address : {"127.0.0.1:", "127.0.0.2:", "10.1.2.3:"})
    EXPECT_EQ(users.user_of(request_from(address + port)), std::nullopt) << address;
  // A connection to another port of this machine.
  const Client client(AF_INET, other.name().port);
  ASSERT_TRUE(client.is_connected());
  EXPECT_EQ(users.user_of(request_from(client.name().text())), std::nullopt);
}

TEST(ClientUsers, KnowIpv4ClientsOfAnIpv6Server) {
  const http::Listener listener("127.0.0.1", 0);
  ClientUsers users(http::SocketName{"::", listener.name().port, true});
  const Client client(AF_INET, listener.name().port);
  ASSERT_TRUE(client.is_connected());
  const http::SocketName name = client.name();
  const auto mapped = [](const http::SocketName& one) {
    return "[::ffff:" + one.address + "]:" + std::to_string(one.port);
  };
  EXPECT_EQ(users.user_of(request_from(mapped(name), 0, mapped(listener.name()))), me);
  EXPECT_EQ(users.user_of(request_from(mapped(name))), std::nullopt)
      << "the server's end of the connection is not known";
}

TEST(ClientUsers, KnowIpv6Clients) {
  std::optional<http::Listener> listener;
  try {
    listener.emplace("::1", 0);
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  ClientUsers users(listener->name());
  Client client(AF_INET6, listener->name().port);
  ASSERT_TRUE(client.is_connected());
  const std::string peer = client.name().text();
  EXPECT_EQ(users.user_of(request_from(peer)), me);
  client.close();
  EXPECT_EQ(users.user_of(request_from(peer)), std::nullopt);
}

TEST(ClientUsers, AreUnknownWithoutAnAddress) {
  ClientUsers users({"127.0.0.1", 9911, false});
  for (const char* peer : {"", ":0", "nonsense", "localhost:80", "[::1"})
    EXPECT_EQ(users.user_of(request_from(peer)), std::nullopt) << peer;
}

}  // namespace
}  // namespace rolecall::serve

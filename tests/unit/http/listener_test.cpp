#include "http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/files.h"
#include "rolecall/error.h"

namespace rolecall::http {
namespace {

template <class Make>
std::string refusal(Make&& make) {
  try {
    make();
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
}

TEST(Listener, SaysWhyItCannotListen) {
  const Listener first;
  EXPECT_NE(refusal([&] {
              const Listener taken("127.0.0.1", first.name().port);
            }).find("cannot listen on 127.0.0.1"),
            std::string::npos);
  EXPECT_NE(refusal([] { const Listener name("localhost", 0); }).find("not an IP address"),
            std::string::npos);
  EXPECT_NE(refusal([] { const Listener elsewhere("192.0.2.1", 0); }).find("cannot listen"),
            std::string::npos);
  EXPECT_NE(refusal([] { const Listener port("127.0.0.1", 65536); }).find("no port"),
            std::string::npos);
}

TEST(Listener, ReadsAddresses) {
  EXPECT_EQ(Listener("127.0.0.2", 0).name().address, "127.0.0.2");
  EXPECT_EQ(Listener("::1", 0).name().address, "::1");
  EXPECT_EQ(Listener("::1%lo", 0).name().address, "::1");
  for (const char* text :
       {"", "127.1", "127.0.0.1%lo", "::1%none-such", "::1%", "[::1]", "::1/128"}) {
    EXPECT_NE(refusal([&] { const Listener l(text, 0); }).find("not an IP address"),
              std::string::npos)
        << text;
  }
}

TEST(Listener, TakesOverWhatListens) {
  Listener first;
  const SocketName name = first.name();
  const Listener second(first.release());
  EXPECT_EQ(second.name().text(), name.text());
  EXPECT_EQ(second.name().address, "127.0.0.1");
}

TEST(Listener, RefusesWhatDoesNotListen) {
  const Descriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_NE(refusal([&] { const Listener l(file.fd()); }).find("not a listening socket"),
            std::string::npos);
  const Descriptor silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(refusal([&] { const Listener l(silent.fd()); }).find("not a listening socket"),
            std::string::npos);
  EXPECT_NE(refusal([] { const Listener l(-1); }).find("not a listening socket"),
            std::string::npos);
  const Descriptor local(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr unnamed{AF_UNIX, {}};
  ASSERT_EQ(bind(local.fd(), &unnamed, sizeof(sa_family_t)), 0);  // Linux finds a name
  ASSERT_EQ(listen(local.fd(), 1), 0);
  EXPECT_NE(refusal([&] { const Listener l(local.fd()); }).find("TCP"), std::string::npos);
}

// A client that drops packets below `least` hops never sees the handshake's answer.
bool connects(const Listener& listener, int least) {
  const Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  setsockopt(client.fd(), IPPROTO_IP, IP_MINTTL, &least, sizeof least);
  const int patience_ms = 1500;
  const int once = 1;
  setsockopt(client.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof patience_ms);
  setsockopt(client.fd(), IPPROTO_TCP, TCP_SYNCNT, &once, sizeof once);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(listener.name().port));
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof address);
  return connect(client.fd(), &generic, sizeof generic) == 0;
}

TEST(Listener, LimitsTheHopsOfItsAnswers) {
  const Listener listener;
  listener.set_hop_limit(5);
  EXPECT_TRUE(connects(listener, 5));
  EXPECT_FALSE(connects(listener, 6));
}

TEST(SocketName, Loopback) {
  for (const char* address : {"127.0.0.1", "127.255.255.254", "::1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const char* address : {"128.0.0.1", "0.0.0.0", "::", "::2", "localhost", "127.1", ""}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

}  // namespace
}  // namespace rolecall::http

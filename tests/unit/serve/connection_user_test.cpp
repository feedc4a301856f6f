#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "serve/request_log.h"
#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

// The kernel does not know a client that has closed its connection. So if the log still has the
// user, RequestLog has remembered the user.
TEST(RequestLogUsers, AskTheKernelOnceForEachConnection) {
  std::vector<json> events;
  const Log log(Log::Format::json, [&events](const std::string& line) {
    events.push_back(json::parse(line));
    return true;
  });
  const http::Listener listener;
  RequestLog requests(log, listener.name());
  http::Request request = test::request("GET", "/nowhere");
  const auto uid = [&](std::uint64_t connection) {
    request.connection = connection;
    requests.note(request, error_response("other", 404, "NotFound", "nothing"), test::now);
    return events.back().value("uid", "none");
  };
  const std::string mine = std::to_string(getuid());
  {
    const Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<std::uint16_t>(listener.name().port));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(client.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    socklen_t size = sizeof name;
    ASSERT_EQ(getsockname(client.fd(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    request.peer = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
    EXPECT_EQ(uid(7), mine);
    EXPECT_EQ(uid(0), mine);
  }
  EXPECT_EQ(uid(7), mine);
  EXPECT_EQ(uid(0), "none") << "a connection without a number is not remembered";
  EXPECT_EQ(uid(7 + 128), "none") << "another connection of the same port, in the same slot";
  EXPECT_EQ(uid(7), mine) << "an unknown user does not take the slot";
}

}  // namespace
}  // namespace rolecall::serve

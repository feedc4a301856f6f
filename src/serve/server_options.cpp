#include "serve/server_options.h"

#include <sys/resource.h>

#include <algorithm>

namespace rolecall::serve {
namespace {

// As many clients can keep their connections between requests. Each of these needs the memory
// below.
constexpr unsigned lasting_connections = 120;
// Enough for headers of 8 KiB, libmicrohttpd's table of them, and the head of an answer. This
// memory is overwritten after each request, so it is no larger than necessary.
constexpr std::size_t connection_memory = 12 * 1024;

unsigned connection_slots() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t most = limit.rlim_cur - std::min(limit.rlim_cur / 2, spare_descriptors);
  return static_cast<unsigned>(std::min(most, most_connections));
}

http::ServerOptions options_of_quick_server(unsigned connections) {
  http::ServerOptions options;
  options.threads = http::Threads::one;
  options.max_connections = connections;
  options.lasting_connections = std::min(connections, lasting_connections);
  options.connection_memory = connection_memory;
  options.max_body = 0;
  options.request_timeout_when_full = std::chrono::milliseconds(50);
  return options;
}

}  // namespace

http::ServerOptions options_of_status_server() {
  return options_of_quick_server(16);
}

http::ServerOptions options_of_server(Service& service) {
  http::ServerOptions options = options_of_quick_server(connection_slots());
  options.on_refused_request = [&service](int status) {
    service.note_unreadable(status, aws::Instant::now());
  };
  return options;
}

http::Origin loopback_origin(const http::SocketName& name) {
  std::string host = name.address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return {"http", name.ipv6 ? "[" + host + "]" : host, name.port};
}

}  // namespace rolecall::serve

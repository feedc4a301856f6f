#include "http/tls_front.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "base/signals.h"
#include "rolecall/error.h"

namespace rolecall::http {
namespace {

using std::chrono::milliseconds;

// How long a client may take to close its end once it has everything.
constexpr milliseconds linger_time{1000};
// How long the destructor may take.
constexpr milliseconds end_time{2000};
// If there are no free descriptors, the listener stays readable.
constexpr milliseconds pause_after_failure{100};

}  // namespace

TlsFront::TlsFront(Descriptor listener, SslCtxPtr context, const Limits& limits,
                   ServePlain serve_plain)
    : limits_(limits),
      serve_plain_([this, serve = std::move(serve_plain)](int plain, int socket,
                                                          const sockaddr* client, socklen_t size) {
        ++connections_of_server_;
        const bool served = serve(plain, socket, client, size);
        if (!served) --connections_of_server_;
        return served;
      }),
      context_(std::move(context)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      listener_(std::move(listener)) {
  if (!wake_.is_open()) {
    throw Error(ErrorKind::failed,
                std::string("the TLS server cannot be started: ") + std::strerror(errno));
  }
  // The thread needs no memory for these later.
  connections_.reserve(limits_.connections);
  polled_.reserve(2 + 2 * limits_.connections);
}

void TlsFront::start() {
  // OpenSSL writes to sockets in a way that can cause SIGPIPE. Here, SIGPIPE is blocked.
  const BlockAllSignals block;
  thread_ = std::thread([this] { run(); });
}

TlsFront::~TlsFront() {
  if (!thread_.joinable()) return;
  enter(Stage::ending);
  thread_.join();
}

void TlsFront::end_input() {
  enter(Stage::input_ended);
  input_has_ended_.get_future().wait();
}

void TlsFront::server_has_ended_one() {
  --connections_of_server_;
  wake();
}

void TlsFront::enter(Stage stage) {
  stage_ = stage;
  wake();
}

void TlsFront::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_.fd(), &one, sizeof one));
}

void TlsFront::run() {
  while (stage_ == Stage::accepting) {
    wait();
    serve_connections();
    accept_connections();
  }
  end_input_of_connections();
  input_has_ended_.set_value();
  while (stage_ == Stage::input_ended) {
    wait();
    serve_connections();
  }
  const Clock::time_point end = Clock::now() + end_time;
  while (!connections_.empty() && Clock::now() < end) {
    wait();
    serve_connections();
  }
}

// Fills polled_: wake_, listener_, and two entries for each connection.
void TlsFront::wait() {
  polled_.clear();
  polled_.push_back({wake_.fd(), POLLIN, 0});
  const bool accepts = listener_.is_open() && !is_full() && Clock::now() >= accept_after_;
  polled_.push_back({accepts ? listener_.fd() : -1, POLLIN, 0});
  for (const auto& connection : connections_) {
    const std::array<pollfd, 2> waits_for = connection->waits_for();
    polled_.insert(polled_.end(), waits_for.begin(), waits_for.end());
  }
  if (poll(polled_.data(), polled_.size(), milliseconds_to_wait()) < 0) {
    for (pollfd& entry : polled_)
      entry.revents = 0;
    // poll refuses more entries than RLIMIT_NOFILE; that must not become a loop without a pause.
    if (errno != EINTR) std::this_thread::sleep_for(pause_after_failure);
  }
  std::uint64_t count = 0;
  if (polled_[0].revents != 0) static_cast<void>(!read(wake_.fd(), &count, sizeof count));
}

int TlsFront::milliseconds_to_wait() const {
  Clock::time_point next = Clock::time_point::max();
  const Clock::time_point now = Clock::now();
  if (stage_ == Stage::ending) next = now + pause_after_failure;
  if (accept_after_ > now) next = accept_after_;
  const bool full = is_full();
  for (const auto& connection : connections_) {
    if (connection->has_more()) return 0;
    next = std::min(next, deadline(*connection, full));
  }
  if (next == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(next - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

bool TlsFront::is_full() const {
  const auto handshakes = static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(), [](const auto& connection) {
        return connection->phase() == TlsConnection::Phase::handshake;
      }));
  return connections_.size() >= limits_.connections ||
         handshakes + connections_of_server_ >= limits_.connections;
}

TlsFront::Clock::time_point TlsFront::deadline(const TlsConnection& connection, bool full) const {
  using Phase = TlsConnection::Phase;
  if (connection.phase() == Phase::open) {
    // The HTTP server has limits for it, but cannot see that the client does not read.
    const Clock::time_point blocked = connection.blocked_since();
    const Clock::time_point never = Clock::time_point::max();
    return blocked == never ? never : blocked + limits_.client_time;
  }
  milliseconds limit = connection.phase() == Phase::lingering ? linger_time : limits_.client_time;
  if (full && connection.phase() == Phase::lingering) limit = milliseconds(0);
  if (full) limit = std::min(limit, limits_.client_time_when_full);
  return connection.phase_began() + limit;
}

void TlsFront::serve_connections() {
  using Phase = TlsConnection::Phase;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const bool ready = polled_[2 + 2 * i].revents != 0 || polled_[3 + 2 * i].revents != 0;
    if (ready || connections_[i]->has_more()) connections_[i]->run();
  }
  const Clock::time_point now = Clock::now();
  const bool lingers = stage_ == Stage::accepting;
  const bool full = is_full();
  std::erase_if(connections_, [&](const auto& connection) {
    return connection->phase() == Phase::ended || deadline(*connection, full) <= now ||
           (connection->phase() == Phase::lingering && !lingers);
  });
}

void TlsFront::accept_connections() {
  if (polled_[1].revents == 0) return;
  while (!is_full() && Clock::now() >= accept_after_) {
    sockaddr_storage client{};
    socklen_t size = sizeof client;
    Descriptor socket(accept4(listener_.fd(), reinterpret_cast<sockaddr*>(&client), &size,
                              SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno != EINTR && errno != ECONNABORTED)
        accept_after_ = Clock::now() + pause_after_failure;
      continue;
    }
    // Header and body of a response are records of their own. The second one must not wait until
    // the client has acknowledged the first.
    const int one = 1;
    setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    SslPtr ssl = new_tls();
    if (!ssl) continue;
    try {
      connections_.push_back(std::make_unique<TlsConnection>(std::move(socket), std::move(ssl),
                                                             client, size, serve_plain_));
      connections_.back()->run();
    } catch (const std::exception&) {
      accept_after_ = Clock::now() + pause_after_failure;  // no memory
    }
  }
}

SslPtr TlsFront::new_tls() {
  const std::scoped_lock lock(context_mutex_);
  return SslPtr(libssl()._new(context_.get()));
}

void TlsFront::replace_context(SslCtxPtr context) {
  const std::scoped_lock lock(context_mutex_);
  context_.swap(context);
}

void TlsFront::end_input_of_connections() {
  listener_ = Descriptor();
  for (const auto& connection : connections_)
    connection->end_input();
  std::erase_if(connections_, [](const auto& connection) {
    return connection->phase() != TlsConnection::Phase::open &&
           connection->phase() != TlsConnection::Phase::finishing;
  });
}

}  // namespace rolecall::http

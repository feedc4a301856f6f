#include "http/tls_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "rolecall/secret.h"

namespace rolecall::http {
namespace {

constexpr int most_moves_in_a_turn = 16;
constexpr int most_turns_at_end = 64;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

pollfd poll_entry(const Descriptor& descriptor, short events) {
  return {events == 0 ? -1 : descriptor.fd(), events, 0};
}

}  // namespace

void TlsConnection::Buffer::take(std::size_t count) {
  wipe(bytes_.data() + begin_, count);
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

TlsConnection::TlsConnection(Descriptor socket, SslPtr ssl, const sockaddr_storage& client,
                             socklen_t size, const ServePlain& serve_plain)
    : socket_(std::move(socket)),
      ssl_(std::move(ssl)),
      client_(client),
      client_size_(size),
      serve_plain_(serve_plain) {
  if (libssl().set_fd(ssl_.get(), socket_.fd()) != 1) phase_ = Phase::ended;
}

void TlsConnection::enter(Phase phase) {
  phase_ = phase;
  phase_began_ = Clock::now();
}

std::array<pollfd, 2> TlsConnection::waits_for() const {
  short socket_events = 0;
  short plain_events = 0;
  if (phase_ == Phase::handshake) {
    socket_events = read_wants_;
  } else if (phase_ == Phase::lingering) {
    socket_events = POLLIN;
  } else {
    if (to_server_.empty() && !input_ended_) socket_events = read_wants_;
    if (!to_client_.empty()) socket_events = static_cast<short>(socket_events | write_wants_);
    if (!to_server_.empty()) plain_events = POLLOUT;
    if (to_client_.empty() && phase_ == Phase::open)
      plain_events = static_cast<short>(plain_events | POLLIN);
  }
  return {poll_entry(socket_, socket_events), poll_entry(plain_, plain_events)};
}

void TlsConnection::run() {
  has_more_ = false;
  if (phase_ == Phase::handshake) shake_hands();
  if (phase_ == Phase::open || phase_ == Phase::finishing) move_bytes();
  if (phase_ == Phase::lingering) drop_input();
}

void TlsConnection::shake_hands() {
  ERR_clear_error();
  const int result = libssl().accept(ssl_.get());
  if (result == 1) return serve();
  read_wants_ = wanted_after(result);
  if (read_wants_ != 0) return;
  // libssl has told the client why.
  shutdown(socket_.fd(), SHUT_WR);
  enter(Phase::lingering);
}

void TlsConnection::serve() {
  std::array<int, 2> ends{};
  enter(Phase::ended);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) return;
  plain_ = Descriptor(ends[0]);
  const auto* client = reinterpret_cast<const sockaddr*>(&client_);
  if (!serve_plain_(ends[1], socket_.fd(), client, client_size_)) return;
  read_wants_ = POLLIN;
  enter(Phase::open);
  // The client sends its request at once, not when a delayed acknowledgement has come. (In TLS 1.3,
  // the client speaks last, so no bytes of ours bring the acknowledgement.)
  const int one = 1;
  setsockopt(socket_.fd(), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

void TlsConnection::move_bytes() {
  bool moved = true;
  for (int i = 0; i < most_moves_in_a_turn && moved; ++i) {
    moved = move_to_server();
    if (phase_ != Phase::ended && move_to_client()) moved = true;
    if (phase_ == Phase::ended) return;
    if (phase_ == Phase::finishing && to_client_.empty()) return close_tls();
  }
  has_more_ = moved;
}

bool TlsConnection::move_to_server() {
  bool moved = false;
  if (to_server_.empty() && !input_ended_) {
    ERR_clear_error();
    const int count = libssl().read(ssl_.get(), to_server_.space(), Buffer::capacity);
    if (count > 0) {
      to_server_.filled(static_cast<std::size_t>(count));
      moved = true;
    } else if (libssl().get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN) {
      end_input_of_server();  // the client may still wait for responses
    } else {
      read_wants_ = wanted_after(count);
      if (read_wants_ == 0) enter(Phase::ended);
    }
  }
  if (to_server_.empty()) return moved;
  const ssize_t count = send(plain_.fd(), to_server_.data(), to_server_.size(), MSG_NOSIGNAL);
  if (count > 0) {
    to_server_.take(static_cast<std::size_t>(count));
    return true;
  }
  if (would_block()) return moved;
  to_server_.clear();  // the server reads no more, but it may still write
  input_ended_ = true;
  return true;
}

bool TlsConnection::move_to_client() {
  bool moved = false;
  if (to_client_.empty() && phase_ == Phase::open) {
    const ssize_t count = recv(plain_.fd(), to_client_.space(), Buffer::capacity, 0);
    if (count > 0) {
      to_client_.filled(static_cast<std::size_t>(count));
      moved = true;
    } else if (count == 0 || !would_block()) {
      enter(Phase::finishing);
    }
  }
  if (to_client_.empty()) return moved;
  ERR_clear_error();
  const int count =
      libssl().write(ssl_.get(), to_client_.data(), static_cast<int>(to_client_.size()));
  if (count > 0) {
    to_client_.take(static_cast<std::size_t>(count));
    blocked_since_ = Clock::time_point::max();
    return true;
  }
  blocked_since_ = std::min(blocked_since_, Clock::now());
  write_wants_ = wanted_after(count);
  if (write_wants_ == 0) enter(Phase::ended);
  return moved;
}

void TlsConnection::end_input_of_server() {
  input_ended_ = true;
  shutdown(plain_.fd(), SHUT_WR);
}

void TlsConnection::end_input() {
  run();
  for (int i = 0; i < most_turns_at_end && has_more_; ++i)
    run();
  if (phase_ != Phase::open || input_ended_) return;
  to_server_.clear();
  end_input_of_server();
}

void TlsConnection::close_tls() {
  ERR_clear_error();
  libssl().shutdown(ssl_.get());
  shutdown(socket_.fd(), SHUT_WR);
  enter(Phase::lingering);
}

// If the socket were closed while bytes of the client are unread, the kernel would reset the
// connection, and the client could lose the end of the response.
void TlsConnection::drop_input() {
  for (int i = 0; i < most_moves_in_a_turn; ++i) {
    const ssize_t count = recv(socket_.fd(), to_server_.space(), Buffer::capacity, 0);
    if (count > 0) continue;
    if (count == 0 || !would_block()) enter(Phase::ended);
    return;
  }
  has_more_ = true;
}

short TlsConnection::wanted_after(int result) const {
  const int error = libssl().get_error(ssl_.get(), result);
  return error == SSL_ERROR_WANT_READ ? POLLIN : error == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

}  // namespace rolecall::http

// One TLS connection of a client, which the HTTP server sees as a plain connection. Only the thread
// of TlsFront uses this class. No function waits.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>

#include "base/descriptor.h"
#include "http/libssl.h"

namespace rolecall::http {

// Gives one end of a pair of connected sockets to the HTTP server, which from then on must close
// it. `socket` is the socket of the client, and `client` its address. If this returns false, the
// client is sent away.
using ServePlain =
    std::function<bool(int plain, int socket, const sockaddr* client, socklen_t size)>;

class TlsConnection {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Phase {
    handshake,
    open,       // bytes go both ways
    finishing,  // the server has closed its end: what it wrote goes to the client
    lingering,  // waits for the client to close, which would otherwise lose the last bytes
    ended,
  };

  // `socket` does not block. `ssl` is new, and made for a server. The others must outlive this.
  TlsConnection(Descriptor socket, SslPtr ssl, const sockaddr_storage& client, socklen_t size,
                const ServePlain& serve_plain);

  // What this connection waits for. A descriptor of which it wants nothing is -1.
  std::array<pollfd, 2> waits_for() const;
  // Whether there is more to do at once.
  bool has_more() const { return has_more_; }
  // Moves all bytes that can be moved now, but no more than some records, so that other clients get
  // their turn.
  void run();
  // Takes no more from the client, except for what has come already.
  void end_input();

  Phase phase() const { return phase_; }
  Clock::time_point phase_began() const { return phase_began_; }
  // Since when the client has taken nothing of what waits for it. max(): nothing waits.
  Clock::time_point blocked_since() const { return blocked_since_; }

 private:
  // Bytes on their way, as many as fit into a TLS record. They are wiped once they are written.
  class Buffer {
   public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { clear(); }

    bool empty() const { return begin_ == end_; }
    char* space() { return bytes_.data(); }  // for an empty buffer
    static constexpr std::size_t capacity = 16384;
    void filled(std::size_t count) { end_ = count; }
    const char* data() const { return bytes_.data() + begin_; }
    std::size_t size() const { return end_ - begin_; }
    void take(std::size_t count);
    void clear() { take(size()); }

   private:
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::array<char, capacity> bytes_;  // not initialised
  };

  void enter(Phase phase);
  void shake_hands();
  void serve();
  void move_bytes();
  bool move_to_server();
  bool move_to_client();
  void close_tls();
  void drop_input();
  void end_input_of_server();
  // What to wait for after a call of libssl. 0: the connection is broken, or has ended.
  short wanted_after(int result) const;

  Descriptor socket_;
  SslPtr ssl_;
  sockaddr_storage client_;
  socklen_t client_size_;
  const ServePlain& serve_plain_;
  Descriptor plain_;  // our end of the pair
  Phase phase_ = Phase::handshake;
  Clock::time_point phase_began_ = Clock::now();
  Clock::time_point blocked_since_ = Clock::time_point::max();
  // What libssl needs before it can go on. (Reading may need to write, and the other way round.)
  short read_wants_ = POLLIN;
  short write_wants_ = POLLOUT;
  bool has_more_ = false;
  bool input_ended_ = false;
  Buffer to_server_;
  Buffer to_client_;
};

}  // namespace rolecall::http

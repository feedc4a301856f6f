// A connection to a server under test, with TLS if the server has it. It writes and reads bytes as
// they are.
#pragma once

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/server.h"
#include "unit/support/certificates.h"

namespace rolecall::test {

// Makes a server with these options use TLS, with a certificate of its own.
inline void use_tls(http::ServerOptions& options) {
  static const Entity server = make(Recipe(), nullptr);
  options.tls_certificate = pem(server);
  options.tls_key = Secret(bio_text([](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, server.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }));
}

class Client {
 public:
  enum class Talk { yes, no };  // whether it shakes hands with a server that has TLS

  explicit Client(const http::Server& server, Talk talk = Talk::yes)
      : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
    const timeval limit{20, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr generic{};
    static_assert(sizeof generic == sizeof address);
    std::memcpy(&generic, &address, sizeof address);
    if (connect(descriptor_, &generic, sizeof generic) != 0) throw std::runtime_error("connect");
    if (talk == Talk::yes && server.url().starts_with("https")) shake_hands();
  }
  ~Client() {
    ssl_.reset();
    close(descriptor_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool write(std::string_view text) const {
    const auto size = static_cast<ssize_t>(text.size());
    if (ssl_) return SSL_write(ssl_.get(), text.data(), static_cast<int>(size)) == size;
    return send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) == size;
  }
  // Says that nothing follows. Responses can still be read.
  void end_writing() const {
    if (ssl_) SSL_shutdown(ssl_.get());
    shutdown(descriptor_, SHUT_WR);
  }
  // Until the end, or until it holds `until`.
  std::string read(std::string_view until = {}) const {
    std::string text;
    char buffer[4096];
    while (until.empty() || text.find(until) == std::string::npos) {
      const ssize_t got = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer)
                               : recv(descriptor_, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  void shake_hands() {
    std::signal(SIGPIPE, SIG_IGN);  // of our own SSL_write
    const std::unique_ptr<SSL_CTX, OpensslDelete<SSL_CTX_free>> context(
        SSL_CTX_new(TLS_client_method()));
    ssl_.reset(SSL_new(context.get()));
    SSL_set_fd(ssl_.get(), descriptor_);
    SSL_connect(ssl_.get());  // if it fails, so do write and read
  }

  int descriptor_;
  std::unique_ptr<SSL, OpensslDelete<SSL_free>> ssl_;
};

}  // namespace rolecall::test

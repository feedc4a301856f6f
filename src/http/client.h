// The HTTP client: sends requests to one server, and keeps the connection open between them.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/deadline.h"
#include "http/client_options.h"
#include "http/message.h"
#include "http/origin.h"
#include "rolecall/reporter.h"

namespace rolecall::http {

// The versions of libcurl and of the libraries that it uses: "libcurl/7.88.1 OpenSSL/3.0.19 …".
// Throws Error (failed) if libcurl cannot be loaded.
std::string client_library();

// The connection of the last response.
struct Connection {
  std::string address;  // of the server, or of the proxy
  bool through_proxy = false;
  std::string issuer;  // of the server's certificate; only with ClientOptions::keep_issuer
  std::chrono::milliseconds time{0};  // from the beginning of the request to its end
};

class Client {
 public:
  Client(Origin origin, ClientOptions options, Reporter reporter);
  ~Client();
  Client(Client&&) = delete;

  // Sends `body` and waits for the whole response, whatever its status. Does not follow redirects.
  // Refuses a response over 1 MiB. Throws Error: try_later if the same request may work later (the
  // name is not resolved, there is no connection, or no response before the deadline), failed if it
  // will not (the server's certificate does not verify), usage if a CA bundle cannot be read.
  Response post(const std::string& path, const Headers& headers, const std::string& body,
                const Deadline& deadline);
  // The same without a body.
  Response get(const std::string& path, const Deadline& deadline);

  Connection connection() const;

 private:
  struct Transfer;
  Response send(const std::string& path, const Deadline& deadline);
  [[noreturn]] void fail(int curl_code) const;
  void set_up_tls();
  void use_ca_store(const CaStore& store) const;
  void trace_times() const;

  Origin origin_;
  ClientOptions options_;
  Reporter reporter_;
  bool has_unused_bundle_ = false;  // the system also has a bundle, which is not in use yet
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace rolecall::http

// All answers of serve, as one function from requests to responses.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/listener.h"
#include "serve/client_users.h"
#include "serve/container.h"
#include "serve/log.h"
#include "serve/request_log.h"
#include "serve/status.h"
#include "serve/tokens.h"

namespace rolecall::serve {

struct ServiceOptions {
  http::SocketName address;              // the address that serve listens on
  std::vector<const Binding*> bindings;  // for /healthz and /metrics
  const Binding* imds = nullptr;         // the binding for IMDSv2; nullptr: IMDSv2 is off
  std::string reason_imds_is_off;        // for clients that use IMDSv2 while it is off
  Secret imds_key;                       // for ImdsTokens; if empty, a new key for this process
  std::vector<ContainerAccess> containers;
  std::vector<std::string> host_names;  // names that clients may use, in lower case
};

// Only handle_status(), note_unreadable() and tick() may be called while another thread uses the
// object.
class Service {
 public:
  // Throws Error (failed) if OpenSSL cannot make tokens.
  Service(ServiceOptions options, const Log& log);

  // Answers a request. Counts every request. Logs each client that gets credentials or is refused.
  http::Response handle(const http::Request& request, aws::Instant now);

  // Answers a request at the address for supervisors: only /healthz and /metrics. Counts it, too.
  http::Response handle_status(const http::Request& request, aws::Instant now);

  // Counts and logs a request that the HTTP server refused with this status because it could not be
  // read.
  void note_unreadable(int status, aws::Instant now) noexcept;

  // Logs what is due when a second is over. Call this about once a second, from any thread.
  void tick(aws::Instant now) { request_log_.tick(now); }

 private:
  LoggedResponse route(const http::Request& request, aws::Instant now);
  LoggedResponse route_plain(const http::Request& request, aws::Instant now);
  std::optional<LoggedResponse> refusal_of_user(const http::Request& request,
                                                const Binding& binding);
  LoggedResponse route_status(const http::Request& request, const std::string& path,
                              aws::Instant now) const;
  void count(std::string_view route, int status);
  const std::string& date(aws::Instant now);

  ServiceOptions options_;
  ClientUsers users_;
  RequestLog request_log_;
  ImdsTokens tokens_;
  mutable std::mutex counts_mutex_;
  RequestCounts counts_;
  std::chrono::sys_seconds date_second_{};
  std::string date_;
};

}  // namespace rolecall::serve

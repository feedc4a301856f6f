// Everything that serve answers: one function from requests to responses.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "http/listener.h"
#include "serve/container.h"
#include "serve/log.h"
#include "serve/request_log.h"
#include "serve/status.h"
#include "serve/tokens.h"

namespace rolecall::serve {

struct ServiceOptions {
  http::SocketName address;              // that is listened on
  std::vector<const Binding*> bindings;  // for /healthz and /metrics
  const Binding* imds = nullptr;         // what IMDSv2 hands out; nullptr: there is none
  std::string why_no_imds;               // for those who ask for it then
  Secret imds_key;                       // for ImdsTokens; empty: one that ends with this process
  std::vector<ContainerAccess> containers;
  std::vector<std::string> host_names;  // that clients may use, of checked_host_name
};

// Not for several threads at once, but for tick().
class Service {
 public:
  // Throws Error (failed) if OpenSSL cannot make tokens.
  Service(ServiceOptions options, const Log& log);

  http::Response handle(const http::Request& request, aws::Instant now);

  // For requests that the HTTP server has refused with this status since nobody can read them.
  void note_unreadable(int status, aws::Instant now) noexcept;

  // For what is logged when a second is over: to be called about once a second, in any thread.
  void tick(aws::Instant now) { request_log_.tick(now); }

 private:
  Answer route(const http::Request& request, aws::Instant now);
  Answer route_plain(const http::Request& request, aws::Instant now);
  const std::string& date(aws::Instant now);

  ServiceOptions options_;
  RequestLog request_log_;
  ImdsTokens tokens_;
  RequestCounts counts_;
  std::chrono::sys_seconds date_second_{};
  std::string date_;
};

}  // namespace rolecall::serve

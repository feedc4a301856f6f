// Everything that serve answers: one function from requests to responses.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "http/listener.h"
#include "serve/container.h"
#include "serve/log.h"
#include "serve/status.h"
#include "serve/tokens.h"

namespace rolecall::serve {

// At most `most` events in a burst, and as many a second from then on as it was made for.
class Budget {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit Budget(unsigned a_second) : a_second_(a_second), left_(a_second) {}
  bool take(Time now);
  std::size_t missed() { return std::exchange(missed_, 0); }  // since the last call

 private:
  unsigned a_second_;
  unsigned left_;
  std::size_t missed_ = 0;
  Time second_{};
};

struct ServiceOptions {
  http::SocketName address;              // that is listened on
  std::vector<const Binding*> bindings;  // for /healthz and /metrics
  const Binding* imds = nullptr;         // what IMDSv2 hands out; nullptr: there is none
  std::vector<ContainerAccess> containers;
  std::size_t most_tokens = 4096;
};

// Not for several threads at once.
class Service {
 public:
  Service(ServiceOptions options, const Log& log)
      : options_(std::move(options)), log_(log), tokens_(options_.most_tokens) {}

  http::Response handle(const http::Request& request, aws::Instant now);

 private:
  Answer route(const http::Request& request, aws::Instant now);
  void note(const http::Request& request, const Answer& answer, aws::Instant now);
  const std::string& date(aws::Instant now);

  ServiceOptions options_;
  const Log& log_;
  TokenStore tokens_;
  RequestCounts counts_;
  Budget log_budget_{20};
  std::chrono::sys_seconds date_second_{};
  std::string date_;
};

}  // namespace rolecall::serve

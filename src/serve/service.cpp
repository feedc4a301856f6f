#include "serve/service.h"

#include "base/time.h"
#include "serve/guard.h"
#include "serve/imds.h"
#include "serve/peer.h"

namespace rolecall::serve {

bool Budget::take(Time now) {
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    left_ = a_second_;
  }
  if (left_ == 0) {
    ++missed_;
    return false;
  }
  --left_;
  return true;
}

http::Response Service::handle(const http::Request& request, aws::Instant now) {
  Answer answer = route(request, now);
  ++counts_[{answer.route, answer.response.status}];
  if (answer.given != nullptr || !answer.refusal.empty()) note(request, answer, now);
  answer.response.headers.push_back({"Date", date(now)});
  return std::move(answer.response);
}

Answer Service::route(const http::Request& request, aws::Instant now) {
  if (const auto refused = refuse(request, options_.address.address)) {
    return refusal("guard", refused->status, "Refused", refused->reason);
  }
  const std::string& path = request.path;
  if (options_.imds != nullptr && path.starts_with(imds_root)) {
    return answer_imds(request, *options_.imds, tokens_, now);
  }
  if (path.starts_with(container_root)) return answer_container(request, options_.containers, now);
  const bool health = path == "/healthz";
  if (health || path == "/metrics") {
    if (request.method != "GET") return wrong_method(health ? "health" : "metrics", "GET");
    return health ? answer_health(options_.bindings, now)
                  : answer_metrics(options_.bindings, counts_, now);
  }
  return refusal("other", 404, "NotFound", "there is nothing at this path");
}

// Who asked. Of a flood of requests the log gets so many lines a second, and how many it did not.
void Service::note(const http::Request& request, const Answer& answer, aws::Instant now) {
  if (!log_budget_.take(now.steady)) return;
  if (const std::size_t missed = log_budget_.missed(); missed > 0) {
    log_.info("requests that are not in the log", {{"count", std::to_string(missed)}});
  }
  const auto uid = peer_uid(request.peer, options_.address);
  const std::string who = uid ? std::to_string(*uid) : std::string();
  if (answer.given != nullptr) {
    log_.info("gave credentials", {{"binding", answer.given->name()},
                                   {"route", std::string(answer.route)},
                                   {"peer", request.peer},
                                   {"uid", who}});
  } else {
    log_.warning("refused a request", {{"status", std::to_string(answer.response.status)},
                                       {"route", std::string(answer.route)},
                                       {"reason", answer.refusal},
                                       {"peer", request.peer},
                                       {"uid", who}});
  }
}

const std::string& Service::date(aws::Instant now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now.wall);
  if (second != date_second_ || date_.empty()) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

}  // namespace rolecall::serve

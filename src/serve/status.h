// What supervisors may know: /healthz and /metrics. No secret is in either.
#pragma once

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/answer.h"

namespace rolecall::serve {

// Requests answered, by route and status.
using RequestCounts = std::map<std::pair<std::string_view, int>, std::size_t>;

// 200 while every binding has valid credentials, else 503 with the names of those that have not.
// Either tells of renewals that wait for hardware.
Answer answer_health(const std::vector<const Binding*>& bindings, aws::Instant now);

// Prometheus' text format, version 0.0.4.
Answer answer_metrics(const std::vector<const Binding*>& bindings, const RequestCounts& requests,
                      aws::Instant now);

}  // namespace rolecall::serve

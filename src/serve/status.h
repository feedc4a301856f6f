// The status for supervisors: /healthz and /metrics. Neither contains a secret.
#pragma once

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/logged_response.h"

namespace rolecall::serve {

// The number of answered requests, by route and status.
using RequestCounts = std::map<std::pair<std::string_view, int>, std::size_t>;

// Status 200 if every binding has valid credentials; otherwise 503 with the names of the bindings
// without them. Both bodies also name renewals that wait for hardware.
LoggedResponse answer_health(const std::vector<const Binding*>& bindings, aws::Instant now);

// The metrics in Prometheus' text format, version 0.0.4.
LoggedResponse answer_metrics(const std::vector<const Binding*>& bindings,
                              const RequestCounts& requests, aws::Instant now);

}  // namespace rolecall::serve

// Sends a CreateSession request until the answer is final.
#pragma once

#include <functional>

#include "aws/session_request.h"
#include "base/deadline.h"
#include "http/message.h"
#include "identity/identity.h"
#include "rolecall/credentials.h"
#include "rolecall/reporter.h"

namespace rolecall::aws {

inline constexpr int usual_attempts = 3;

// Sends the request once with these headers and returns the answer. Throws Error if there is none.
using Send = std::function<http::Response(const http::Headers&)>;

// Makes up to `attempts` attempts as long as the failure may be temporary: no connection, timeouts,
// 429, 500, 502, 503, 504, throttling. Each attempt is signed anew. The wait before the next
// attempt is random and grows, or it is what Retry-After says. If an error (3xx, 4xx) comes with a
// time that differs from this machine's clock by more than 4 minutes, warns and makes one
// additional attempt with the server's time. Everything ends at `deadline`, by the deadline's
// clock. Throws the Error of the last attempt; it is a ServiceRefusal if the service sent it, or an
// Outage if the endpoint could not be reached.
Credentials send_with_retries(const Send& send, const SessionRequest& request,
                              const identity::Identity& identity, const Deadline& deadline,
                              const Reporter& reporter, int attempts);

}  // namespace rolecall::aws

// Sends a CreateSession request until there is a final answer.
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

// Sends one request with these headers and returns the answer. Throws Error if there is none.
using Send = std::function<http::Response(const http::Headers&)>;

// Makes at most `attempts` attempts if the failure may pass (no connection, timeouts, 429, 500,
// 502, 503, 504, throttling). Each is signed anew. The waits between them are random and grow, or
// are what Retry-After says. If a 4xx shows that the local clock is off by more than 4 minutes,
// there is a warning and one attempt more, with the server's time. All of it, by the deadline's
// clock, ends at `deadline`. Throws the last attempt's Error; a ServiceRefusal if the service sent
// it.
Credentials send_with_retries(const Send& send, const SessionRequest& request,
                              const identity::Identity& identity, const Deadline& deadline,
                              const Reporter& reporter, int attempts);

}  // namespace rolecall::aws

// Sends a CreateSession request until it is answered for good.
#pragma once

#include "aws/create_session.h"
#include "base/deadline.h"
#include "http/client.h"
#include "identity/identity.h"
#include "rolecall/credentials.h"
#include "rolecall/reporter.h"

namespace rolecall::aws {

inline constexpr int usual_attempts = 3;

// At most so many attempts for what may pass (no connection, timeouts, 429, 500, 502, 503, 504,
// throttling), each signed anew, with waits that grow at random or as Retry-After says. One attempt
// more with the server's time where a 4xx shows that the local clock is off by over 4 minutes, with
// a warning. All of it ends at `deadline`. Throws the last attempt's Error.
Credentials send_with_retries(http::Client& client, const SessionRequest& request,
                              const identity::Identity& identity, const Deadline& deadline,
                              const Reporter& reporter, int attempts);

}  // namespace rolecall::aws

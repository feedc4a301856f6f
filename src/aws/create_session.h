// Creates a session for an identity that is already loaded. create_session (rolecall/session.h)
// also loads the identity.
#pragma once

#include "aws/retry.h"
#include "aws/session_request.h"
#include "base/deadline.h"
#include "http/client_options.h"
#include "identity/identity.h"
#include "rolecall/credentials.h"
#include "rolecall/reporter.h"

namespace rolecall::aws {

// `request` must come from prepare_session with the same options. `deadline` is for all attempts;
// the timeout in `options` is not used. `attempts` is the maximum. Throws what send_with_retries
// throws.
Credentials open_session(const SessionRequest& request, const SessionOptions& options,
                         const identity::Identity& identity, const Reporter& reporter,
                         const Deadline& deadline, int attempts = usual_attempts);

// How open_session connects.
http::ClientOptions client_options(const SessionOptions& options);

}  // namespace rolecall::aws

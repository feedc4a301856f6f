// A session for an identity that is already loaded. create_session (rolecall/session.h) also loads
// the identity.
#pragma once

#include "aws/retry.h"
#include "aws/session_request.h"
#include "identity/identity.h"
#include "rolecall/credentials.h"
#include "rolecall/reporter.h"

namespace rolecall::aws {

// `request` is what prepare_session made of the same options. The options' timeout begins now.
// Throws what send_with_retries throws.
Credentials open_session(const SessionRequest& request, const SessionOptions& options,
                         const identity::Identity& identity, const Reporter& reporter,
                         int attempts = usual_attempts);

}  // namespace rolecall::aws

// A session for an identity that is loaded already: what create_session does once it has one.
#pragma once

#include "aws/create_session.h"
#include "aws/retry.h"
#include "identity/identity.h"
#include "rolecall/reporter.h"

namespace rolecall::aws {

// `request` is prepare_session's of the same options. The options' timeout begins now. Throws what
// send_with_retries throws.
Credentials open_session(const SessionRequest& request, const SessionOptions& options,
                         const identity::Identity& identity, const Reporter& reporter,
                         int attempts = usual_attempts);

}  // namespace rolecall::aws

// Checks that the service grants a session, and that the session's credentials work.
#pragma once

#include <chrono>
#include <optional>

#include "aws/session_request.h"
#include "doctor/check.h"
#include "identity/identity.h"
#include "rolecall/credentials.h"
#include "rolecall/reporter.h"
#include "rolecall/session.h"

namespace rolecall::doctor {

// Sends one CreateSession request, never a second one. `clock_difference` is the service's clock
// minus ours: with it, a wrong clock does not hide other problems. Sets `credentials` if the
// service grants a session.
Check check_session(const aws::SessionRequest& request, const SessionOptions& session,
                    const identity::Identity& identity, std::chrono::seconds clock_difference,
                    const Reporter& reporter, std::optional<Credentials>& credentials);

// Asks AWS STS whose credentials these are. If the endpoint is this machine, it is asked instead,
// because it is rolecall emulate.
Check check_identity(const aws::SessionRequest& request, const SessionOptions& session,
                     const Credentials& credentials, std::chrono::seconds clock_difference,
                     const Reporter& reporter);

}  // namespace rolecall::doctor

// Checks the way to the service, and this machine's clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "aws/session_request.h"
#include "doctor/check.h"
#include "http/client.h"
#include "rolecall/reporter.h"
#include "rolecall/session.h"

namespace rolecall::doctor {

// What one unsigned request without a secret has shown.
struct Reach {
  std::optional<Error> error;  // why there is no trusted answer
  int status = 0;
  std::optional<std::chrono::seconds> clock_difference;  // the service's clock minus ours
  http::Connection connection;
};

// Asks the endpoint for "/". If its certificate is not trusted, asks once more without the check
// of the certificate, to learn who issued it, and what time it is there.
Reach reach(const aws::SessionRequest& request, const SessionOptions& session,
            const Reporter& reporter);

// `proxy` names the variable of the proxy, such as "HTTPS_PROXY"; empty if none is set.
Check check_network(const Reach& reach, const aws::SessionRequest& request,
                    const SessionOptions& session, const std::string& proxy);
Check check_clock(const Reach& reach);

}  // namespace rolecall::doctor

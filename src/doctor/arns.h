// Checks the ARNs and what is derived from them.
#pragma once

#include <optional>

#include "aws/session_request.h"
#include "doctor/check.h"
#include "rolecall/session.h"

namespace rolecall::doctor {

// Sets `request` if a request can be made. Opens nothing.
Check check_arns(const SessionOptions& session, std::optional<aws::SessionRequest>& request);

}  // namespace rolecall::doctor

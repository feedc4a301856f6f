// Checks the certificate, the session tags that the service makes of it, and the chain.
#pragma once

#include <chrono>

#include "doctor/check.h"
#include "doctor/material.h"
#include "rolecall/identity_options.h"
#include "rolecall/session.h"

namespace rolecall::doctor {

// Requirements of the service, the time until the expiry, and what CloudTrail shows. Warns if fewer
// than `warn_days` are left.
Check check_certificate(const Material& material, const SessionOptions& session,
                        std::chrono::sys_seconds now, long warn_days);

Check check_tags(const Material& material);

// Order, length and issuers; up to a certificate in the file `trust_anchor` if that is not empty.
Check check_chain(const Material& material, const Source& trust_anchor,
                  std::chrono::sys_seconds now);

}  // namespace rolecall::doctor

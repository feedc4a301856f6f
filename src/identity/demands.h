// What IAM Roles Anywhere demands of certificates, as far as it can be seen from here.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::identity {

// The demands that `leaf` and its `chain` do not meet, each a clause such as "keyUsage of CN=x
// lacks digitalSignature"; empty where all hold that can be checked without the trust anchor (IAM
// Roles Anywhere User Guide, "Trust model": certificates).
std::vector<std::string> unmet_demands(const Certificate& leaf,
                                       const std::vector<Certificate>& chain,
                                       std::chrono::sys_seconds now);

}  // namespace rolecall::identity

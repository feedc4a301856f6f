// What IAM Roles Anywhere requires of certificates, as far as it can be seen from here.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "identity/certificate.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

// Each a clause such as "keyUsage of CN=x lacks digitalSignature".
struct Requirements {
  std::vector<std::string> unmet;     // the service refuses a certificate for these
  std::vector<std::string> doubtful;  // it may, by its settings or by what its guide leaves open
};

// Both are empty where `leaf` and its `chain` meet all that can be checked without the trust anchor
// (IAM Roles Anywhere User Guide, "Trust model": certificates).
Requirements check_requirements(const Certificate& leaf, const std::vector<Certificate>& chain,
                                std::chrono::sys_seconds now);

// Warns of what is unmet or doubtful. The service decides, so the request is sent all the same.
void warn_of_requirements(const Certificate& leaf, const std::vector<Certificate>& chain,
                          std::chrono::sys_seconds now, const Reporter& reporter);

std::string joined(const std::vector<std::string>& clauses);  // "a; b"

}  // namespace rolecall::identity

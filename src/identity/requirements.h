// What IAM Roles Anywhere requires of certificates, as far as rolecall can check it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "identity/certificate.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

// Each text is a clause such as "keyUsage of CN=x lacks digitalSignature".
struct Requirements {
  std::vector<std::string> unmet;  // the service refuses the certificate for these reasons
  // The service may refuse the certificate for these reasons: it depends on settings in AWS, or the
  // guide does not say.
  std::vector<std::string> doubtful;
};

// Checks everything that can be checked without the trust anchor (IAM Roles Anywhere User Guide,
// "Trust model", certificate requirements). Both lists are empty if `leaf` and `chain` pass.
Requirements check_requirements(const Certificate& leaf, const std::vector<Certificate>& chain,
                                std::chrono::sys_seconds now);

// Warns about unmet and doubtful requirements. It does not throw, because the service decides.
void warn_of_requirements(const Certificate& leaf, const std::vector<Certificate>& chain,
                          std::chrono::sys_seconds now, const Reporter& reporter);

}  // namespace rolecall::identity

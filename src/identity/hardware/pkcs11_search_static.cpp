// The static build uses this file instead of pkcs11_search.cpp, because it cannot load modules. So
// nothing of pkcs11*.cpp and p11_kit*.cpp is linked.
#include "base/library.h"
#include "identity/hardware/pkcs11_search.h"

namespace rolecall::identity::pkcs11 {

Search::Search(const IdentityOptions& options, const Reporter& reporter)
    : options_(options), reporter_(reporter), pins_({}, {}, false, reporter) {
  require_libraries("PKCS#11 tokens need p11-kit");
}

// The constructor always throws, so these functions are never called.

std::vector<FoundCertificate> Search::certificates() {
  return {};
}

std::string Search::selectors_on_tokens() {
  return {};
}

std::vector<FoundCertificate> Search::leaves(std::vector<FoundCertificate> found, bool /*any_key*/,
                                             std::chrono::sys_seconds /*now*/) {
  return found;
}

std::vector<Certificate> Search::certificates_on_tokens(
    const std::vector<FoundCertificate>& /*leaves*/) {
  return {};
}

FoundKey Search::key(const std::vector<FoundCertificate>& /*leaves*/,
                     const std::vector<Certificate>& /*certificates*/) && {
  return {};
}

}  // namespace rolecall::identity::pkcs11

// From a heap of certificates to the chain that the service wants.
#pragma once

#include <chrono>
#include <vector>

#include "identity/certificate.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

// At most so many certificates go into x-amz-x509-chain (IAM Roles Anywhere User Guide, "Signing
// process").
inline constexpr std::size_t max_chain = 5;

// The intermediates above `leaf` among `pool`, the leaf's issuer first, each the issuer of the one
// before. Self-signed roots, duplicates, the leaf itself and certificates that issue nothing in
// the chain are left out; a warning where nothing remains of a pool that held issuers. Where
// several issuers fit (cross-signing, renewal) one that is valid at `now` is taken, then one
// whose own issuer is in the pool, then the one that ends last.
//
// The work is bounded, whatever the pool holds: its certificates are each looked at a few times,
// and only so many signatures are checked. A pool that needs more is warned about, and the chain
// ends with what was found.
std::vector<Certificate> order_chain(const Certificate& leaf, const std::vector<Certificate>& pool,
                                     std::chrono::sys_seconds now, const Reporter& reporter);

}  // namespace rolecall::identity

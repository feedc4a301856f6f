// Puts certificates into the chain that the service expects.
#pragma once

#include <chrono>
#include <vector>

#include "identity/certificate.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

// The service accepts at most this many certificates in the header x-amz-x509-chain (IAM Roles
// Anywhere User Guide, "Signing process").
inline constexpr std::size_t max_chain = 5;

// Returns the intermediates of `leaf` that are in `pool`: the leaf's issuer first, then the issuer
// of that certificate, and so on. The result does not contain self-signed roots, duplicates, the
// leaf, or certificates that issued nothing in the chain. Warns if the result is empty although
// `pool` contains certificates other than roots and other than those with the leaf's key. Also
// warns if the chain is too long for the service.
//
// If there are several possible issuers (because of cross-signing or a renewal), the preference is:
// an issuer that is valid at `now`, then an issuer whose own issuer is in `pool`, then the issuer
// that expires last.
//
// The work is limited, whatever `pool` contains: each certificate is examined a few times only, and
// the number of signature checks has a limit. If that limit is reached, order_chain warns and
// returns the part of the chain that it has found.
std::vector<Certificate> order_chain(const Certificate& leaf, const std::vector<Certificate>& pool,
                                     std::chrono::sys_seconds now, const Reporter& reporter);

// The first of `anchors` that is this certificate or has issued it. Null: none.
const Certificate* anchor_of(const Certificate& certificate,
                             const std::vector<Certificate>& anchors);

}  // namespace rolecall::identity

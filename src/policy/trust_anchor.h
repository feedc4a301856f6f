// The trust anchor that a trust policy names, or that a setup creates.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::policy {

// Returns the region of a canonical ARN. Throws Error (usage) if the text is not the ARN of a trust
// anchor, or if it is an alias ARN: policies compare only the canonical ARN.
std::string region_of_trust_anchor(const std::string& arn);

// The certificates in PEM, and nothing else of the file. Throws Error (usage) if they cannot be a
// trust anchor. `name` is the name of the file, for messages.
std::string trust_anchor_pem(const std::vector<identity::Certificate>& certificates,
                             const std::string& name);

// Whether one of `anchors` issued the last certificate of the chain, or is a certificate of it.
bool leads_to_anchor(const identity::Certificate& leaf,
                     const std::vector<identity::Certificate>& chain,
                     const std::vector<identity::Certificate>& anchors);

}  // namespace rolecall::policy

// The two policy documents, as trees that each format writes in its own way.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "policy/setup.h"

namespace rolecall::policy {

// `trust_anchor_arn` is a text, or what the format has for a reference to a resource.
json trust_policy(const Setup& setup, const json& trust_anchor_arn);

// Denies everything from addresses other than `setup.source_ips`. It belongs to the permissions of
// the role, because no source says that the trust policy sees the client's address.
json source_ip_policy(const Setup& setup);
// A document or a template in ASCII, with indents and a line feed at its end.
std::string lines_of(const json& document);

inline constexpr std::string_view source_ip_policy_name = "DenyOtherAddresses";

}  // namespace rolecall::policy

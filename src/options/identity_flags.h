// Converts the values of options into IdentityOptions.
#pragma once

#include "options/settings.h"
#include "rolecall/identity_options.h"

namespace rolecall::cli {

// For a command with any of identity_options. Refuses options that cannot be used together and an
// invalid --cert-selector, and prepares the source of the key's password. Throws Error (usage).
IdentityOptions identity_flags(const Settings& settings);

// The value of --certificate. If it names a SPIFFE agent without saying where the agent is, the
// agent is that of SPIFFE_ENDPOINT_SOCKET. Throws Error (usage) if that variable is not set, or
// names no agent.
Source certificate_source(const std::string& text);

}  // namespace rolecall::cli

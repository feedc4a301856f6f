// Converts the values of options into IdentityOptions.
#pragma once

#include "options/settings.h"
#include "rolecall/identity_options.h"

namespace rolecall::cli {

// For a command with any of identity_options. Refuses options that cannot be used together and an
// invalid --cert-selector, and prepares the source of the key's password. Throws Error (usage).
IdentityOptions identity_flags(const Settings& settings);

}  // namespace rolecall::cli

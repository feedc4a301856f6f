// From the values of options to where a certificate and its key are.
#pragma once

#include "options/settings.h"
#include "rolecall/identity_options.h"

namespace rolecall::cli {

// For a command with any of identity_options. Refuses options that exclude each other and a
// --cert-selector that is ill-formed, and makes the source of the key's password. Hardware that is
// silent for --timeout (30 seconds without one) ends the program from now on. Throws Error (usage).
IdentityOptions identity_flags(const Settings& settings);

}  // namespace rolecall::cli

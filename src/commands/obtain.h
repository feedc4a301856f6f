// Credentials for commands that print or pass them on once: from the cache, otherwise from the
// service.
#pragma once

#include "options/session_flags.h"

namespace rolecall::cli {

// The directories that may contain a cache: $XDG_RUNTIME_DIR/rolecall, $XDG_CACHE_HOME/rolecall and
// ~/.cache/rolecall. A directory counts only if its variable is set and names a place of this user.
// New entries go to the first.
std::vector<std::string> cache_directories();

// For a command with all_session_options. Requests new credentials. If the endpoint cannot be
// reached, asks the fallbacks of the binding (options/fallbacks.h), and warns. Exits if hardware
// hangs. Throws what create_session and ask_in_order throw.
Credentials request_credentials(const Settings& settings, const SessionFlags& flags);

// For a command with all_session_options and cache_options. Returns credentials, from the cache if
// --cache is given. If the cache cannot be used, warns and requests new credentials. Exits if
// hardware hangs. Asks fallbacks and throws as request_credentials does.
Credentials obtain_credentials(const Settings& settings, const SessionFlags& flags);

}  // namespace rolecall::cli

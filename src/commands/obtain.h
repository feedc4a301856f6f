// Credentials for commands that print or pass them on once: from the cache, otherwise from the
// service.
#pragma once

#include "options/session_flags.h"

namespace rolecall::cli {

struct CacheFlags {
  bool is_enabled = false;
  long margin = 900;  // seconds
};

// For a command with cache_options.
CacheFlags cache_flags(const Settings& settings);

// The directories that may contain a cache: $XDG_RUNTIME_DIR/rolecall, $XDG_CACHE_HOME/rolecall and
// ~/.cache/rolecall. A directory counts only if its variable is set and names a place of this user.
// New entries go to the first.
std::vector<std::string> cache_directories();

// Returns credentials, from the cache if `cache.is_enabled` is true. If the cache cannot be used,
// warns and requests new credentials. Throws what create_session throws.
Credentials obtain_credentials(const SessionFlags& flags, const CacheFlags& cache);

}  // namespace rolecall::cli

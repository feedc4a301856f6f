// Credentials for the commands that hand them on at once: from the cache, else from the service.
#pragma once

#include "options/session_flags.h"

namespace rolecall::cli {

struct CacheFlags {
  bool cache = false;
  long margin = 900;  // seconds
};

// Of a command with cache_options.
CacheFlags cache_flags(const Settings& settings);

// Where a cache may be: $XDG_RUNTIME_DIR/rolecall, $XDG_CACHE_HOME/rolecall and ~/.cache/rolecall,
// as far as these variables are set and this user's. The first is the one to use.
std::vector<std::string> cache_directories();

// From the cache where `cache.cache` says so. A cache that cannot be used is warned of and gone
// without. Throws what create_session throws.
Credentials obtain_credentials(const SessionFlags& flags, const CacheFlags& cache);

}  // namespace rolecall::cli

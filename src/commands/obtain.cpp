#include "commands/obtain.h"

#include <algorithm>
#include <optional>

#include "base/library.h"
#include "base/openssl_memory.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/cache_key.h"
#include "options/environment.h"
#include "options/hardware_limit.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

std::optional<aws::Cache> open_cache(const Reporter& reporter) {
  const std::vector<std::string> directories = cache_directories();
  if (directories.empty()) {
    reporter.warning("--cache: neither XDG_RUNTIME_DIR nor HOME is a directory of this user");
    return std::nullopt;
  }
  try {
    return std::optional<aws::Cache>(std::in_place, directories.front());
  } catch (const Error& error) {
    reporter.warning(cat("--cache: ", error.what(), "; ", error.hint()));
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::string> cache_directories() {
  std::vector<std::string> found;
  const std::string runtime = user_runtime_directory();
  if (!runtime.empty()) found.push_back(runtime + "/rolecall");
  // With sudo, the variable may still name a directory of the other user. A directory of root in it
  // would be in that user's way.
  if (names_own_path("XDG_CACHE_HOME"))
    found.push_back(environment("XDG_CACHE_HOME") + "/rolecall");
  if (names_own_directory("HOME")) found.push_back(environment("HOME") + "/.cache/rolecall");
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Credentials obtain_credentials(const Settings& settings, const SessionFlags& flags) {
  exit_if_hardware_hangs(settings);
  const Reporter reporter = stderr_reporter(flags.debug);
  const auto renew = [&](std::chrono::milliseconds timeout) {
    if (libraries_are_inside) use_lists_for_openssl_memory();
    SessionOptions session = flags.session;
    session.timeout = timeout;
    return create_session(flags.identity, session, reporter);
  };
  if (!settings.is_on("cache")) return renew(flags.session.timeout);
  aws::CacheKey key = aws::cache_key(flags.identity, flags.session);
  if (key.text.empty()) {
    reporter.warning("--cache: nothing is cached: " + key.reason_not_cached);
    return renew(flags.session.timeout);
  }
  const std::optional<aws::Cache> cache = open_cache(reporter);
  if (!cache) return renew(flags.session.timeout);
  const std::chrono::seconds margin(settings.number("cache-margin"));
  return cache->get({std::move(key.text), margin, flags.session.timeout, renew}, reporter);
}

}  // namespace rolecall::cli

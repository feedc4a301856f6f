#include "cli/obtain.h"

#include <CLI/CLI.hpp>
#include <optional>

#include "aws/cache.h"
#include "aws/cache_key.h"
#include "cli/environment.h"
#include "cli/ui.h"

namespace rolecall::cli {
namespace {

std::optional<aws::Cache> open_cache(const Reporter& reporter) {
  const std::string directory = cache_directory();
  if (directory.empty()) {
    reporter.warning("--cache: there is no XDG_RUNTIME_DIR and no HOME to keep anything in");
    return std::nullopt;
  }
  try {
    return std::optional<aws::Cache>(std::in_place, directory);
  } catch (const Error& error) {
    reporter.warning(std::string("--cache: ") + error.what() + "; " + error.hint());
    return std::nullopt;
  }
}

}  // namespace

void add_cache_flags(CLI::App& app, CacheFlags& flags) {
  const char* group = "How often to ask";
  app.add_flag("--cache", flags.cache,
               "Keep the credentials in a file that this user alone can read,\n"
               "and hand them out again while they are good")
      ->group(group);
  app.add_option("--cache-margin", flags.margin,
                 "How much of their life must be left for that; never more than\n"
                 "half of it. Default: 900")
      ->type_name("SECONDS")
      ->check(CLI::Range(0L, 43199L))
      ->group(group);
}

std::string cache_directory() {
  const std::string runtime = user_runtime_directory();
  if (!runtime.empty()) return runtime + "/rolecall";
  for (const auto& [variable, below] :
       {std::pair("XDG_CACHE_HOME", "/rolecall"), std::pair("HOME", "/.cache/rolecall")}) {
    const std::string directory = environment(variable);
    if (directory.starts_with('/')) return directory + below;
  }
  return {};
}

Credentials obtain_credentials(const SessionFlags& flags, const CacheFlags& cache_flags) {
  const Reporter reporter = stderr_reporter(flags.debug);
  const auto renew = [&](std::chrono::milliseconds timeout) {
    SessionOptions session = flags.session;
    session.timeout = timeout;
    return create_session(flags.identity.options, session, reporter);
  };
  if (!cache_flags.cache) return renew(flags.session.timeout);
  const std::string key = aws::cache_key(flags.identity.options, flags.session);
  if (key.empty()) {
    reporter.trace([] {
      return "no cache: the certificate is on a token, or a file of the identity is a stream or "
             "is not there";
    });
    return renew(flags.session.timeout);
  }
  const std::optional<aws::Cache> cache = open_cache(reporter);
  if (!cache) return renew(flags.session.timeout);
  return cache->get({key, std::chrono::seconds(cache_flags.margin), flags.session.timeout, renew},
                    reporter);
}

}  // namespace rolecall::cli

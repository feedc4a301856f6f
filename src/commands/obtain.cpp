#include "commands/obtain.h"

#include <algorithm>
#include <memory>

#include "aws/fallback.h"
#include "base/library.h"
#include "base/openssl_memory.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/cache_key.h"
#include "options/environment.h"
#include "options/fallbacks.h"
#include "options/hardware_limit.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<aws::Cache> open_cache(const Reporter& reporter) {
  const std::vector<std::string> directories = cache_directories();
  if (directories.empty()) {
    reporter.warning("--cache: neither XDG_RUNTIME_DIR nor HOME is a directory of this user");
    return nullptr;
  }
  try {
    return std::make_unique<aws::Cache>(directories.front());
  } catch (const Error& error) {
    reporter.warning(cat("--cache: ", error.what(), "; ", error.hint()));
    return nullptr;
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

namespace {

// Gets credentials for the binding or, after an outage, for one of its fallbacks.
class Obtainer {
 public:
  Obtainer(const Settings& settings, const SessionFlags& flags)
      : settings_(settings),
        flags_(flags),
        fallbacks_(fallbacks(settings)),
        reporter_(stderr_reporter(flags.debug)) {
    exit_if_hardware_hangs(settings);
  }

  Credentials from_service() {
    return in_order(
        [this](const SessionFlags& flags, milliseconds time) { return ask_service(flags, time); });
  }

  Credentials from_cache() {
    return in_order(
        [this](const SessionFlags& flags, milliseconds time) { return ask_cache(flags, time); });
  }

 private:
  // `ask` gets the options of one binding, and how long it may take.
  template <class Ask>
  Credentials in_order(Ask ask) {
    if (fallbacks_.empty()) return ask(flags_, flags_.session.timeout);
    std::vector<std::string> names = settings_.chosen_bindings();
    for (const Fallback& fallback : fallbacks_)
      names.push_back(fallback.name);
    std::size_t answered = 0;
    Credentials credentials =
        aws::ask_in_order({names, flags_.session.timeout,
                           [&](std::size_t which, milliseconds time) {
                             answered = which;
                             return ask(which == 0 ? flags_ : fallbacks_[which - 1].flags, time);
                           },
                           [&](std::size_t which, const Error& outage) {
                             reporter_.warning(cat(outage.what(), "; binding ", names[which],
                                                   " is asked instead of ", names[which - 1]));
                           }});
    reporter_.trace([&] { return "binding " + names[answered] + " answered"; });
    return credentials;
  }

  Credentials ask_service(const SessionFlags& flags, milliseconds time) const {
    if (libraries_are_inside) use_lists_for_openssl_memory();
    SessionOptions session = flags.session;
    session.timeout = time;
    return create_session(flags.identity, session, reporter_);
  }

  // Each binding has an entry of its own: what a fallback answered must not hide that the first
  // binding can be asked again.
  Credentials ask_cache(const SessionFlags& flags, milliseconds time) {
    aws::CacheKey key = aws::cache_key(flags.identity, flags.session);
    if (key.text.empty()) {
      reporter_.warning("--cache: nothing is cached: " + key.reason_not_cached);
      return ask_service(flags, time);
    }
    if (!cache_ && !cache_failed_) cache_ = open_cache(reporter_);
    cache_failed_ = !cache_;
    if (!cache_) return ask_service(flags, time);
    const auto renew = [&](milliseconds left) { return ask_service(flags, left); };
    const std::chrono::seconds margin(settings_.number("cache-margin"));
    const bool has_fallback = !fallbacks_.empty() && &flags != &fallbacks_.back().flags;
    return cache_->get({std::move(key.text), margin, time, renew, has_fallback}, reporter_);
  }

  const Settings& settings_;
  const SessionFlags& flags_;
  std::vector<Fallback> fallbacks_;
  Reporter reporter_;
  std::unique_ptr<aws::Cache> cache_;
  bool cache_failed_ = false;
};

}  // namespace

Credentials request_credentials(const Settings& settings, const SessionFlags& flags) {
  return Obtainer(settings, flags).from_service();
}

Credentials obtain_credentials(const Settings& settings, const SessionFlags& flags) {
  Obtainer obtainer(settings, flags);
  return settings.is_on("cache") ? obtainer.from_cache() : obtainer.from_service();
}

}  // namespace rolecall::cli

#include "options/binding_options.h"

#include <map>
#include <memory>
#include <utility>

#include "identity/hardware/hardware.h"
#include "options/fallbacks.h"
#include "options/session_flags.h"

namespace rolecall::cli {
namespace {

// A user types a password once, at the start. A daemon that finds a new key file hours later has
// only that password, and nobody is there to type another.
PasswordSource ask_only_at_start(PasswordSource source) {
  const auto loads = std::make_shared<std::map<std::string, int>>();
  return [source = std::move(source), loads](const PasswordRequest& request) {
    int& count = (*loads)[request.what];
    if (request.attempt == 1) ++count;
    if (count > 1 && request.tries_left == TriesLeft::one) {
      identity::refuse_last_try(request.what, "the PIN that was given at the start");
    }
    if (count > 1 && request.attempt > 1) {
      throw Error(ErrorKind::usage,
                  "the password of " + request.what + " is not the one that was given at the start",
                  "restart rolecall, or use --password-source");
    }
    return source(request);
  };
}

serve::BindingOptions without_fallbacks(const Settings& settings, std::string name,
                                        SessionFlags flags) {
  serve::BindingOptions binding{std::move(name), std::move(flags.identity),
                                std::move(flags.session)};
  const bool from_terminal =
      !settings.is_not_empty("password-source") && !settings.is_not_empty("pkcs8-password");
  if (from_terminal)
    binding.identity.password = ask_only_at_start(std::move(binding.identity.password));
  return binding;
}

}  // namespace

serve::BindingOptions binding_options(const Settings& settings, std::string name) {
  serve::BindingOptions binding =
      without_fallbacks(settings, std::move(name), session_flags(settings));
  for (Fallback& fallback : fallbacks(settings)) {
    const Settings own = settings.of_binding(fallback.name);
    binding.fallbacks.push_back(
        without_fallbacks(own, std::move(fallback.name), std::move(fallback.flags)));
  }
  return binding;
}

}  // namespace rolecall::cli

#include "serve/renewals.h"

#include <algorithm>
#include <utility>

#include "base/waiting.h"
#include "identity/hardware/hardware.h"

namespace rolecall::serve {
namespace {

using std::chrono::milliseconds;

// How long calls in progress may take after the program is asked to stop.
constexpr milliseconds grace_period{1000};

}  // namespace

Error with_binding_name(const std::string& name, const Error& error) {
  return {error.kind(), "binding " + name + ": " + error.what(), error.hint(), error.retry_after()};
}

// A binding that is made only from flags is named "default". The user did not choose this name, so
// messages leave it out.
Error Renewals::with_name_of(const Binding& binding, const Error& error) const {
  const bool has_name = bindings_.size() > 1 || binding.name() != "default";
  return has_name ? with_binding_name(binding.name(), error) : error;
}

void Renewals::add(BindingOptions options, RenewalRules rules) {
  Binding& binding = bindings_.emplace_back(std::move(options));
  try {
    refreshers_.emplace_back(binding, rate_limiter_, log_, reporter_, std::move(rules));
  } catch (const Error& error) {
    throw with_name_of(binding, error);
  }
}

void Renewals::load_identities(const std::function<void(milliseconds)>& limit_hardware) {
  for (Refresher& refresher : refreshers_) {
    const Binding& binding = refresher.binding();
    limit_hardware(binding.options().session.timeout);
    try {
      refresher.load_identity();
    } catch (const Error& error) {
      const Start start = refresher.rules().start;
      const bool may_be_temporary =
          error.kind() == ErrorKind::try_later && start == Start::until_refused;
      if (start != Start::lazy && !may_be_temporary) throw with_name_of(binding, error);
    }
  }
}

Renewals::~Renewals() {
  limit_hardware_waits({}, LimitOf::one_call, {});
}

void Renewals::start() {
  milliseconds limit = milliseconds::max();
  for (const Binding& binding : bindings_)
    limit = std::min(limit, binding.options().session.timeout);
  limit_hardware_waits(limit, LimitOf::one_call,
                       [this](const SilentHardware& silent) { log_silent_hardware(silent); });
  for (Refresher& refresher : refreshers_)
    refresher.start();
}

void Renewals::log_silent_hardware(const SilentHardware& silent) const {
  for (const Binding& binding : bindings_) {
    if (binding.renewer() != silent.thread) continue;
    log_.warning("a renewal waits for hardware that does not answer",
                 {{"binding", binding.name()},
                  {"reason", silent.text() + "; hint: " + identity::hint_for_silent_hardware},
                  {"credentials", binding.status()->expiry_text(aws::Instant::now())}});
  }
}

bool Renewals::await_first_credentials(const std::function<bool()>& should_stop) {
  const Waiting waiting("the first credentials");
  std::list<Refresher*> waiting_for;
  for (Refresher& refresher : refreshers_)
    if (refresher.rules().start != Start::lazy) waiting_for.push_back(&refresher);
  for (;;) {
    waiting_for.remove_if([this](Refresher* refresher) {
      std::future<void>& first = refresher->first_credentials();
      if (first.wait_for(milliseconds(0)) != std::future_status::ready) return false;
      try {
        first.get();
      } catch (const Error& error) {  // the first failure of any binding ends the wait
        throw with_name_of(refresher->binding(), error);
      }
      return true;
    });
    if (waiting_for.empty()) return true;
    for (const Binding& binding : bindings_) {
      if (const auto silent = binding.silent_hardware()) {
        throw with_name_of(binding, Error(ErrorKind::try_later, silent->text(),
                                          identity::hint_for_silent_hardware));
      }
    }
    if (should_stop()) return false;
  }
}

void Renewals::renew_now() {
  for (Refresher& refresher : refreshers_)
    refresher.renew_now();
}

bool Renewals::stop() {
  for (Refresher& refresher : refreshers_)
    refresher.request_stop();
  const auto until = std::chrono::steady_clock::now() + grace_period;
  bool all_ended = true;
  for (Refresher& refresher : refreshers_)
    all_ended = refresher.wait_until_ended(until) && all_ended;
  return all_ended;
}

}  // namespace rolecall::serve

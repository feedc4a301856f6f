#include "cli/renewals.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/waiting.h"
#include "cli/hardware_limit.h"
#include "cli/ui.h"
#include "identity/hardware_wait.h"
#include "identity/spent_passwords.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

// For calls that are under way when the program is to end.
constexpr milliseconds farewell{1000};
constexpr rlim_t most_connections = http::most_connections_of_one_thread;
// Descriptors for all else: renewals must not fail for clients who hold connections.
constexpr rlim_t spare_descriptors = 64;
// Headers of 8 KiB, libmicrohttpd's table of them, and the head of an answer. It is overwritten
// after each request, which is why it is no larger.
constexpr std::size_t connection_memory = 12 * 1024;

// A person types a password once, at the start. A daemon that finds a new file hours later has but
// that one.
PasswordSource ask_once(PasswordSource source) {
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
                  "restart, or name a --password-source");
    }
    return source(request);
  };
}

unsigned places() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t most = limit.rlim_cur - std::min(limit.rlim_cur / 2, spare_descriptors);
  return static_cast<unsigned>(std::min(most, most_connections));
}

}  // namespace

serve::BindingOptions binding_options(const Settings& settings, std::string name) {
  const SessionFlags flags = session_flags(settings);
  serve::BindingOptions binding{std::move(name), flags.identity, flags.session};
  const bool from_terminal =
      !settings.is_filled("password-source") && !settings.is_filled("pkcs8-password");
  if (from_terminal) binding.identity.password = ask_once(std::move(binding.identity.password));
  return binding;
}

Error of_binding(const std::string& name, const Error& error) {
  return {error.kind(), "binding " + name + ": " + error.what(), error.hint(), error.retry_after()};
}

// What flags alone make is called "default", which its user has not named.
Error Renewals::named(const serve::Binding& binding, const Error& error) const {
  const bool has_name = bindings_.size() > 1 || binding.name() != "default";
  return has_name ? of_binding(binding.name(), error) : error;
}

void Renewals::add(serve::BindingOptions options) {
  bindings_.emplace_back(std::move(options));
  try {
    refreshers_.emplace_back(bindings_.back(), gate_, log_, stderr_reporter(debug_));
  } catch (const Error& error) {
    throw named(bindings_.back(), error);
  }
}

void Renewals::load_identities(bool may_fail, int code_of_silence) {
  auto binding = bindings_.begin();
  for (serve::Refresher& refresher : refreshers_) {
    // Each has its own time.
    end_where_hardware_is_silent(binding->options().session.timeout, code_of_silence);
    try {
      refresher.load_identity();
    } catch (const Error& error) {
      if (!may_fail) throw named(*binding, error);
    }
    ++binding;
  }
}

Renewals::~Renewals() {
  identity::limit_hardware_waits({}, identity::LimitOf::one_call, {});
}

void Renewals::start() {
  milliseconds limit = milliseconds::max();
  for (const serve::Binding& binding : bindings_)
    limit = std::min(limit, binding.options().session.timeout);
  identity::limit_hardware_waits(
      limit, identity::LimitOf::one_call,
      [this](const identity::SilentHardware& silent) { log_silence(silent); });
  for (serve::Refresher& refresher : refreshers_)
    refresher.start();
}

void Renewals::log_silence(const identity::SilentHardware& silent) const {
  for (const serve::Binding& binding : bindings_) {
    if (binding.renewer() != silent.thread) continue;
    log_.warning("a renewal waits for hardware that does not answer",
                 {{"binding", binding.name()},
                  {"reason", silent.text() + "; hint: " + identity::hint_for_silent_hardware},
                  {"credentials", binding.status()->held(aws::Instant::now())}});
  }
}

bool Renewals::await_first(const std::function<bool()>& told_to_stop) {
  const Waiting waiting("the first credentials");
  std::list<std::pair<std::future<void>*, const serve::Binding*>> left;
  auto next = bindings_.begin();
  for (serve::Refresher& refresher : refreshers_)
    left.emplace_back(&refresher.first(), &*next++);
  for (;;) {
    left.remove_if([this](const auto& one) {
      const auto& [first, binding] = one;
      if (first->wait_for(milliseconds(0)) != std::future_status::ready) return false;
      try {
        first->get();
      } catch (const Error& error) {  // the first failure ends it, whichever binding's
        throw named(*binding, error);
      }
      return true;
    });
    if (left.empty()) return true;
    for (const serve::Binding& binding : bindings_) {
      if (const auto silent = binding.silent_hardware()) {
        throw named(binding, Error(ErrorKind::try_later, silent->text(),
                                   identity::hint_for_silent_hardware));
      }
    }
    if (told_to_stop()) return false;
  }
}

void Renewals::renew_now() {
  for (serve::Refresher& refresher : refreshers_)
    refresher.renew_now();
}

bool Renewals::stop() {
  for (serve::Refresher& refresher : refreshers_)
    refresher.ask_to_stop();
  const auto until = std::chrono::steady_clock::now() + farewell;
  bool all = true;
  for (serve::Refresher& refresher : refreshers_)
    all = refresher.stopped(until) && all;
  return all;
}

http::ServerOptions options_of_server(serve::Service& service) {
  http::ServerOptions options;
  options.threads = http::Threads::one;
  options.max_connections = places();
  options.connection_memory = connection_memory;
  options.max_body = 0;
  options.request_timeout_when_full = milliseconds(50);
  options.on_unreadable = [&service](int status) {
    service.note_unreadable(status, aws::Instant::now());
  };
  return options;
}

http::Origin own_origin(const http::SocketName& name) {
  std::string host = name.address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return {"http", name.ipv6 ? "[" + host + "]" : host, name.port};
}

}  // namespace rolecall::cli

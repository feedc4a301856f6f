// Renews the credentials of several bindings, for serve, exec --refresh and update.
#pragma once

#include <functional>
#include <list>
#include <string>

#include "rolecall/reporter.h"
#include "serve/refresher.h"

namespace rolecall::serve {

// Returns the error with the binding's name in its message.
Error with_binding_name(const std::string& name, const Error& error);

// The bindings, and for each one the thread that renews it.
class Renewals {
 public:
  // `log` must exist longer than this object. `reporter` gets the steps.
  Renewals(const Log& log, Reporter reporter) : log_(log), reporter_(std::move(reporter)) {}
  Renewals(const Renewals&) = delete;
  Renewals& operator=(const Renewals&) = delete;
  ~Renewals();  // removes the limit for hardware that start() has set

  // Adds a binding. Throws Error (usage) for options that cannot work.
  void add(BindingOptions options, RenewalRules rules = {});
  const std::list<Binding>& bindings() const { return bindings_; }

  // Loads all identities. Call this in a thread that may ask a person for a password. Calls
  // `limit_hardware` before each binding with the binding's timeout. Throws what load_identity
  // throws, unless the binding's Start allows the failure. In that case, the first renewal tries
  // again and logs why it fails.
  void load_identities(const std::function<void(std::chrono::milliseconds)>& limit_hardware);

  // Starts the threads. Before this call, block the signals that these threads must not receive.
  // From now on, if hardware does not answer within the shortest timeout of all bindings, the log
  // warns about it, but the process does not end.
  void start();

  // Waits for the first credentials of each binding as its Start says, and calls `should_stop`
  // again and again, which may wait for a short time. Returns false if `should_stop` returns true.
  // If there are no credentials, throws the reason.
  bool await_first_credentials(const std::function<bool()>& should_stop);

  // All bindings read their files again and renew their credentials, even if that is not due.
  void renew_now();

  // Stops all threads and waits for them, at most for a short grace period. Returns false if a call
  // to the service is then still in progress. Such a call leaves nothing to clean up, so the caller
  // can end the process with _exit.
  bool stop();

 private:
  Error with_name_of(const Binding& binding, const Error& error) const;
  void log_silent_hardware(const SilentHardware& silent) const;

  const Log& log_;
  Reporter reporter_;
  RateLimiter rate_limiter_;
  std::list<Binding> bindings_;
  std::list<Refresher> refreshers_;
};

}  // namespace rolecall::serve

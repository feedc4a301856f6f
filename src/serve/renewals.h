// Credentials that are kept fresh: what serve, exec --refresh and update share.
#pragma once

#include <functional>
#include <list>
#include <string>

#include "rolecall/reporter.h"
#include "serve/refresher.h"

namespace rolecall::serve {

// The same error, which says whose it is.
Error of_binding(const std::string& name, const Error& error);

// Bindings, each with the thread that renews it.
class Renewals {
 public:
  // `log` must outlive it. `reporter` gets the steps.
  Renewals(const Log& log, Reporter reporter) : log_(log), reporter_(std::move(reporter)) {}
  Renewals(const Renewals&) = delete;
  Renewals& operator=(const Renewals&) = delete;
  ~Renewals();

  // Throws Error (usage) for options that cannot work.
  void add(BindingOptions options, RenewalRules rules = {});
  const std::list<Binding>& bindings() const { return bindings_; }

  // For the thread that may speak to a person. Throws what load_identity throws, unless the
  // binding's Start allows it: then the first renewal tries again, and says why it failed.
  // `limit_hardware`, if it is given, is called with each binding's timeout before that.
  void load_identities(
      const std::function<void(std::chrono::milliseconds)>& limit_hardware = nullptr);

  // Signals that these threads are not to take must be blocked by then. From now on, hardware that
  // is silent for longer than a binding's timeout is logged, and ends nothing.
  void start();

  // Waits as each binding's Start says. False: `told_to_stop`, which is called again and again and
  // may wait a little, has returned true. Throws why there are no credentials.
  bool await_first(const std::function<bool()>& told_to_stop);

  void renew_now();

  // False: a call to the service goes on, and holds nothing that must be put in order: _exit.
  bool stop();

 private:
  Error named(const Binding& binding, const Error& error) const;
  void log_silence(const SilentHardware& silent) const;

  const Log& log_;
  Reporter reporter_;
  Gate gate_;
  std::list<Binding> bindings_;
  std::list<Refresher> refreshers_;
};

}  // namespace rolecall::serve

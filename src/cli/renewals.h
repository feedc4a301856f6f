// Credentials that are kept fresh and handed out: what serve and exec --refresh share.
#pragma once

#include <functional>
#include <list>
#include <string>

#include "cli/session_flags.h"
#include "http/client.h"
#include "http/server.h"
#include "serve/refresher.h"
#include "serve/service.h"

namespace rolecall::cli {

// What a binding is to ask for, and how: session_flags, and a password that a person typed
// at the start is not asked for again.
serve::BindingOptions binding_options(const Settings& settings, std::string name);

// The same error, which says whose it is.
Error of_binding(const std::string& name, const Error& error);

// Bindings, each with the thread that renews it.
class Renewals {
 public:
  // Both must outlive it. `debug`: steps go to stderr.
  Renewals(const serve::Log& log, bool debug) : log_(log), debug_(debug) {}
  Renewals(const Renewals&) = delete;
  Renewals& operator=(const Renewals&) = delete;
  ~Renewals();

  // Throws Error (usage) for options that cannot work.
  void add(serve::BindingOptions options);
  const std::list<serve::Binding>& bindings() const { return bindings_; }

  // For the thread that may speak to a person. Throws what load_identity throws, unless
  // `may_fail`: then the first renewal tries again, and says why it failed. Where hardware is
  // silent for a binding's --timeout the program ends with this code.
  void load_identities(bool may_fail, int code_of_silence = static_cast<int>(ErrorKind::try_later));

  // Signals that these threads are not to take must be blocked by then. Hardware that is silent for
  // longer than a binding's timeout is logged from now on, and ends nothing.
  void start();

  // Waits until each has its first credentials, or `told_to_stop`, which is called again and again
  // and may wait a little, returns true; then false. Throws why there are none.
  bool await_first(const std::function<bool()>& told_to_stop);

  void renew_now();

  // False: a call to the service goes on, and holds nothing that must be put in order: _exit.
  bool stop();

 private:
  Error named(const serve::Binding& binding, const Error& error) const;
  void log_silence(const identity::SilentHardware& silent) const;

  const serve::Log& log_;
  bool debug_;
  serve::Gate gate_;
  std::list<serve::Binding> bindings_;
  std::list<serve::Refresher> refreshers_;
};

// For a server whose answers are there already, on one thread, with as many places for clients as
// the process may have descriptors for. `service`, which outlives the server, is told of requests
// that cannot be read.
http::ServerOptions options_of_server(serve::Service& service);

// As clients on this machine reach a socket of that name.
http::Origin own_origin(const http::SocketName& name);

}  // namespace rolecall::cli

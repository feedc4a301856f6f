// Requests sessions for one binding, whose certificate and key can be replaced at any time.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aws/session_request.h"
#include "base/clock.h"
#include "identity/rotation.h"
#include "rolecall/reporter.h"
#include "serve/binding.h"
#include "serve/log.h"

namespace rolecall::serve {

// Use an object from only one thread at a time. The arguments must exist longer than the object.
class Requester {
 public:
  // Throws Error (usage) for options that cannot work.
  Requester(const BindingOptions& options, const Log& log, const Reporter& reporter,
            const Clock& clock);

  const BindingOptions& options() const { return options_; }

  // Loads the identity. Throws what identity::load_identity throws.
  void load();
  // Makes a signature. For the first one, a key on a token may need another PIN. Call this after
  // load(), in a thread that may ask a person.
  void try_key() const;

  // Also true if a SPIFFE agent has sent news.
  bool files_have_changed() { return rotation_.changed(); }
  // Reads the files again. If they cannot be used, logs this, and the previous identity stays in
  // use.
  void load_new_files();
  // Whether there is an identity that the service has not accepted yet.
  bool has_new_identity() const { return rotation_.candidate() != nullptr; }

  // See identity::Rotation.
  std::optional<std::chrono::sys_seconds> half_of_life() const { return rotation_.half_of_life(); }

  // Requests a session, with at most `attempts` calls. First loads the identity if there is none,
  // or if the last request failed and the identity may be the reason. If the service refuses a new
  // certificate, asks again with the previous one, unless `may_ask_again` returns false. Throws
  // what load() and aws::open_session throw.
  Credentials request(std::chrono::milliseconds time, int attempts,
                      const std::function<bool()>& may_ask_again);

  // The certificates that are in use.
  std::vector<CertificateStatus> certificates() const;
  // Why the files on the disk are not in use; empty if they are.
  const std::string& rotation_failure() const { return rotation_failure_; }

 private:
  Credentials ask(std::chrono::milliseconds time, int attempts,
                  const std::function<bool()>& may_ask_again);

  const BindingOptions& options_;
  const Log& log_;
  const Reporter& reporter_;
  const Clock& clock_;
  aws::SessionRequest request_;
  identity::Rotation rotation_;
  bool reload_identity_ = false;  // before the next request
  std::string rotation_failure_;
};

// The error and its hint, for a field of the log.
std::string with_hint(const Error& error);

}  // namespace rolecall::serve

// A role, the identity that asks for it, and what is known of its credentials at this moment.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aws/renewal.h"
#include "identity/hardware/hardware.h"
#include "rolecall/credentials.h"
#include "rolecall/error.h"
#include "rolecall/identity_options.h"
#include "rolecall/session.h"

namespace rolecall::serve {

// Throws Error (usage) for what is no name of a binding: it stands in a path and names a file.
void check_binding_name(const std::string& name);

struct BindingOptions {
  std::string name;  // of letters, digits, "_", "-" and "."
  IdentityOptions identity;
  SessionOptions session;
};

// What the service granted, in the forms that it is handed out in.
struct Issued {
  std::shared_ptr<const Secret> imds;       // JSON, as the instance metadata service answers
  std::shared_ptr<const Secret> container;  // JSON, as the container credentials endpoint answers
  std::chrono::sys_seconds expiration;
  // Over once either clock is past it: the wall clock may be set back, the steady one sleeps.
  aws::Instant end;
};

struct CertificateStatus {
  std::string place;  // "leaf", or "chain 1" for its issuer and so on
  std::string subject;
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
};

// Never changed once it is published.
struct BindingStatus {
  std::shared_ptr<const Issued> issued;  // nullptr: none yet; may have expired
  std::string failure;                   // why the last renewal failed; empty: it did not
  ErrorKind failure_kind{};              // of that
  std::string rotation_failure;  // why the files as they are now are not in use; empty: they are
  std::vector<CertificateStatus> certificates;
  std::chrono::sys_seconds last_success{};
  std::size_t renewed = 0;
  std::array<std::size_t, 4> failed{};  // by ErrorKind

  bool valid(aws::Instant now) const {
    return issued && now.wall < issued->end.wall && now.steady < issued->end.steady;
  }
  std::string held(aws::Instant now) const;  // for the log: "end at …", "ended at …" or "none"
};

// Written to by its refresher, read by every request.
class Binding {
 public:
  // Throws Error (usage) for a name that is none and for ARNs that are none.
  explicit Binding(BindingOptions options);

  const BindingOptions& options() const { return options_; }
  const std::string& name() const { return options_.name; }
  const std::string& role_name() const { return role_name_; }  // of the role's ARN, without path
  const std::string& region() const { return region_; }        // of the trust anchor's ARN

  std::shared_ptr<const BindingStatus> status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
  }
  void publish(BindingStatus status) {
    auto next = std::make_shared<const BindingStatus>(std::move(status));
    const std::scoped_lock lock(mutex_);
    status_.swap(next);
  }

  // The thread in which its renewals are made.
  void set_renewer(std::thread::id thread) {
    const std::scoped_lock lock(mutex_);
    renewer_ = thread;
  }
  std::thread::id renewer() const {
    const std::scoped_lock lock(mutex_);
    return renewer_;
  }
  // The token or TPM that a renewal waits for without an answer, at this moment.
  std::optional<SilentHardware> silent_hardware() const {
    return identity::silent_hardware(renewer());
  }

 private:
  BindingOptions options_;
  std::string role_name_;
  std::string region_;
  mutable std::mutex mutex_;
  std::thread::id renewer_;
  std::shared_ptr<const BindingStatus> status_ = std::make_shared<const BindingStatus>();
};

// `asked` is the duration that was asked for. It counts where the expiration and this machine's
// clock do not go together, as it does for the renewal's time.
std::shared_ptr<const Issued> make_issued(const Credentials& credentials,
                                          const std::string& role_arn, std::chrono::seconds asked,
                                          aws::Instant now);

}  // namespace rolecall::serve

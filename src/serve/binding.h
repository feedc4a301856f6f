// A role, the identity that requests credentials for it, and the current state of the credentials.
#pragma once

#include <sys/types.h>

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

// A name is a part of a URL's path and of a file's name.
bool is_binding_name(const std::string& name);
void check_binding_name(const std::string& name);  // otherwise throws Error (usage)

struct BindingOptions {
  std::string name;
  IdentityOptions identity;
  SessionOptions session;
  // Only these users of this machine get the credentials from serve. Empty: everyone who has a
  // token.
  std::vector<uid_t> allowed_users = {};
  std::vector<BindingOptions> fallbacks = {};  // in the order in which they are asked
};

// Credentials from the service, in the forms in which clients get them.
struct Issued {
  std::shared_ptr<const Secret> imds;       // JSON, as the instance metadata service answers
  std::shared_ptr<const Secret> container;  // JSON, as the container credentials endpoint answers
  std::chrono::sys_seconds expiration;
  // When the credentials expire, on two clocks. The earlier one counts, because the wall clock may
  // be set back.
  aws::Instant expiry_on_both_clocks;
};

struct CertificateStatus {
  std::string position;  // "leaf"; "chain 1" for the issuer of the leaf, and so on
  std::string subject;
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
  bool agent_renews = false;  // a SPIFFE agent gives it, and renews it in time
};

// Never changes after it is published.
struct BindingStatus {
  std::shared_ptr<const Issued> issued;  // nullptr: none yet. They may have expired
  std::string failure;                   // why the last renewal failed; empty if it succeeded
  ErrorKind failure_kind{};              // the kind of that failure
  std::string rotation_failure;  // why the files on the disk are not in use; empty if they are
  std::vector<CertificateStatus> certificates;
  std::chrono::sys_seconds last_success{};
  std::string answered_by;  // the fallback that `issued` comes from; empty: the binding itself
  std::size_t renewed = 0;
  std::array<std::size_t, 4> failed{};  // indexed by ErrorKind

  bool valid(aws::Instant now) const {
    return issued && now.wall < issued->expiry_on_both_clocks.wall &&
           now.steady < issued->expiry_on_both_clocks.steady;
  }
  std::string expiry_text(aws::Instant now) const;  // "expire at …", "expired at …" or "none"
};

// The binding's Refresher writes the status; each request reads it.
class Binding {
 public:
  // Throws Error (usage) if the name or an ARN is not valid.
  explicit Binding(BindingOptions options);

  const BindingOptions& options() const { return options_; }
  const std::string& name() const { return options_.name; }
  const std::string& role_name() const { return role_name_; }  // in the role's ARN, without path
  const std::string& region() const { return region_; }        // in the trust anchor's ARN

  std::shared_ptr<const BindingStatus> status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
  }
  void publish(BindingStatus status) {
    auto next = std::make_shared<const BindingStatus>(std::move(status));
    const std::scoped_lock lock(mutex_);
    status_.swap(next);
  }

  // The thread that renews the credentials.
  void set_renewer(std::thread::id thread) {
    const std::scoped_lock lock(mutex_);
    renewer_ = thread;
  }
  std::thread::id renewer() const {
    const std::scoped_lock lock(mutex_);
    return renewer_;
  }
  // The token or TPM that the renewal is waiting for, if the token or TPM does not answer.
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

// Makes all forms of the credentials, with the role's ARN in the container form. See lifetime_of
// for `requested_duration`, which is used if the expiration and this machine's clock disagree.
std::shared_ptr<const Issued> make_issued(const Credentials& credentials,
                                          const std::string& role_arn,
                                          std::chrono::seconds requested_duration,
                                          aws::Instant now);

}  // namespace rolecall::serve

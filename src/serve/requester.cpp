#include "serve/requester.h"

#include <utility>

#include "aws/create_session.h"
#include "base/deadline.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::serve {

using std::chrono::milliseconds;

std::string with_hint(const Error& error) {
  return error.hint().empty() ? error.what() : cat(error.what(), "; hint: ", error.hint());
}

Requester::Requester(const BindingOptions& options, const Log& log, const Reporter& reporter,
                     const Clock& clock)
    : options_(options),
      log_(log),
      reporter_(reporter),
      clock_(clock),
      request_(aws::prepare_session(options.session)),
      rotation_(options.identity) {}

void Requester::load() {
  Deadline deadline(options_.session.timeout, clock_);
  rotation_.load(clock_.wall_seconds(), reporter_, deadline);
}

void Requester::try_key() const {
  rotation_.candidate()->signer->sign("rolecall: may this key sign?");
}

void Requester::load_new_files() {
  Deadline deadline(options_.session.timeout, clock_);
  try {
    const bool is_new = rotation_.load(clock_.wall_seconds(), reporter_, deadline);
    if (is_new || !rotation_.candidate()) rotation_failure_.clear();
    if (!is_new) return;
    const identity::Certificate& leaf = rotation_.candidate()->leaf;
    log_.info("read a new certificate and its key", {{"binding", options_.name},
                                                     {"subject", leaf.name()},
                                                     {"serial", leaf.serial_decimal()},
                                                     {"expires", rfc3339(leaf.not_after())}});
  } catch (const Error& error) {
    reload_identity_ = true;
    const std::string reason = with_hint(error);
    if (rotation_failure_ == reason) return;
    rotation_failure_ = reason;
    log_.warning(rotation_.proven()
                     ? "the certificate and its key cannot be used; rolecall continues "
                       "with the previous ones"
                     : "the certificate and its key cannot be used",
                 {{"binding", options_.name}, {"reason", reason}});
  }
}

Credentials Requester::request(milliseconds time, int attempts,
                               const std::function<bool()>& may_ask_again) {
  try {
    if (rotation_.has_identity(clock_.wall_seconds()) && std::exchange(reload_identity_, false))
      load_new_files();  // even if no file has changed: a token may be plugged in again
    if (!rotation_.has_identity(clock_.wall_seconds())) {
      Deadline deadline(time, clock_);
      rotation_.load(clock_.wall_seconds(), reporter_, deadline);
    }
    return ask(time, attempts, may_ask_again);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::try_later) reload_identity_ = true;
    throw;
  }
}

Credentials Requester::ask(milliseconds time, int attempts,
                           const std::function<bool()>& may_ask_again) {
  const auto ask_with = [&](const identity::Identity& identity) {
    return aws::open_session(request_, options_.session, identity, reporter_,
                             Deadline(time, clock_), attempts);
  };
  const auto on_refusal = [&](const Error& error) {
    log_.warning(
        "the service refused the new certificate; rolecall continues with the previous one",
        {{"binding", options_.name}, {"reason", with_hint(error)}});
    rotation_failure_ = with_hint(error);
    if (!may_ask_again()) throw error;
  };
  const bool has_candidate = rotation_.candidate() != nullptr;
  Credentials credentials = rotation_.ask(ask_with, on_refusal);
  if (has_candidate && !rotation_.candidate())
    rotation_failure_.clear();  // the service accepted the candidate
  return credentials;
}

std::vector<CertificateStatus> Requester::certificates() const {
  std::vector<CertificateStatus> found;
  const identity::Rotation::IdentityPtr& used =
      rotation_.proven() ? rotation_.proven() : rotation_.candidate();
  if (!used) return found;
  const bool agent_renews = options_.identity.certificate.kind() == Source::Kind::spiffe;
  const auto add = [&](const std::string& position, const identity::Certificate& one) {
    found.push_back({position, one.name(), one.not_before(), one.not_after(), agent_renews});
  };
  add("leaf", used->leaf);
  for (std::size_t i = 0; i < used->chain.size(); ++i)
    add(cat("chain ", i + 1), used->chain[i]);
  return found;
}

}  // namespace rolecall::serve

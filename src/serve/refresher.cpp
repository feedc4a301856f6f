#include "serve/refresher.h"

#include <algorithm>
#include <utility>

#include "aws/create_session.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A wait does not end early if the machine is suspended or a clock is set. So no single wait is
// longer than this.
constexpr milliseconds max_wait_between_checks{1000};

std::string with_hint(const Error& error) {
  return error.hint().empty() ? error.what() : cat(error.what(), "; hint: ", error.hint());
}

std::vector<CertificateStatus> certificates_of(const identity::Identity& identity) {
  std::vector<CertificateStatus> all;
  const auto add = [&all](const std::string& position, const identity::Certificate& one) {
    all.push_back({position, one.name(), one.not_before(), one.not_after()});
  };
  add("leaf", identity.leaf);
  for (std::size_t i = 0; i < identity.chain.size(); ++i)
    add(cat("chain ", i + 1), identity.chain[i]);
  return all;
}

// Clients are told when credentials expire. By this machine's clock, these have already expired.
void refuse_expired(const Credentials& credentials, aws::Instant now) {
  if (credentials.expiration > now.wall) return;
  throw Error(ErrorKind::try_later,
              "the service sent credentials that expire at " + rfc3339(credentials.expiration) +
                  ", and this machine's clock says " +
                  rfc3339(std::chrono::floor<seconds>(now.wall)),
              "set this machine's clock, or the service's");
}

}  // namespace

Refresher::Refresher(Binding& binding, RateLimiter& rate_limiter, const Log& log, Reporter reporter,
                     RenewalRules rules)
    : binding_(binding),
      rate_limiter_(rate_limiter),
      log_(log),
      reporter_(std::move(reporter)),
      rules_(std::move(rules)),
      request_(aws::prepare_session(binding.options().session)),
      rotation_(binding.options().identity),
      schedule_(rules_.refresh_before),
      warnings_(log, binding.name()) {
  reporter_.warn = [this](std::string_view text) { warnings_.warn(text); };
}

void Refresher::load_identity() {
  rotation_.load(wall_clock(), reporter_);
  show_certificates();
  // A key on a token may need an additional PIN for its first signature.
  rotation_.candidate()->signer->sign("rolecall: may this key sign?");
}

void Refresher::start() {
  first_.begin = std::chrono::steady_clock::now();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  binding_.set_renewer(thread_.get_id());
}

void Refresher::renew_now() {
  const std::scoped_lock lock(shared_.mutex);
  shared_.renewal_is_asked_for = true;
  shared_.changed.notify_all();
}

bool Refresher::stopped(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(shared_.mutex);
  return shared_.changed.wait_until(lock, until, [this] { return shared_.has_ended; });
}

void Refresher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      renew(stop);
      wait_until_due(stop);
    } catch (const std::exception&) {
      // There is no memory, not even for a log line. Clients still get the existing credentials.
      wait(stop, max_wait_between_checks);
    }
  }
  const std::scoped_lock lock(shared_.mutex);
  shared_.has_ended = true;
  shared_.changed.notify_all();
}

void Refresher::wait_until_due(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const milliseconds left = schedule_.left(aws::Instant::now());
    if (left == milliseconds(0)) break;
    const bool asked = wait(stop, std::min(left, max_wait_between_checks));
    if (asked || rotation_.changed()) {
      load();
      // If a renewal has failed, the new files may be what it needs.
      if (asked || (rotation_.candidate() && schedule_.failures() > 0)) break;
    }
    warnings_.check_certificates(status_.certificates, wall_clock());
  }
}

// Returns true if a renewal was requested.
bool Refresher::wait(const std::stop_token& stop, milliseconds time) {
  std::unique_lock lock(shared_.mutex);
  shared_.changed.wait_for(lock, stop, time, [this] { return shared_.renewal_is_asked_for; });
  return std::exchange(shared_.renewal_is_asked_for, false);
}

// If the new files cannot be used, logs this. The previous identity then stays in use.
void Refresher::load() {
  try {
    const bool is_new = rotation_.load(wall_clock(), reporter_);
    if (is_new || !rotation_.candidate()) note_rotation({});
    if (!is_new) return;
    if (!rotation_.proven()) show_certificates();
    const identity::Certificate& leaf = rotation_.candidate()->leaf;
    log_.info("read a new certificate and its key", {{"binding", binding_.name()},
                                                     {"subject", leaf.name()},
                                                     {"serial", leaf.serial_decimal()},
                                                     {"expires", rfc3339(leaf.not_after())}});
  } catch (const Error& error) {
    reload_identity_ = true;
    const std::string reason = with_hint(error);
    if (status_.rotation_failure == reason) return;
    note_rotation(reason);
    log_.warning(rotation_.proven() ? "the certificate and its key cannot be used as they are now; "
                                      "those from before stay in use"
                                    : "the certificate and its key cannot be used as they are now",
                 {{"binding", binding_.name()}, {"reason", reason}});
  }
}

void Refresher::renew(const std::stop_token& stop) {
  const bool gets = !holds_undelivered();
  if (gets && !rate_limiter_.wait_for_turn(stop, schedule_.failures() > 0)) return;
  try {
    if (gets) get(stop);
    deliver();
    rate_limiter_.succeeded();
    if (!std::exchange(first_.settled, true)) first_.promise.set_value();
  } catch (const Error& error) {
    note_failure(error);
  } catch (const std::exception& error) {  // no memory
    note_failure(Error(ErrorKind::try_later, error.what()));
  }
}

// Credentials that could not be delivered, for example to a full disk, are kept. New ones are not
// requested until these must be renewed.
bool Refresher::holds_undelivered() const {
  return granted_ && granted_->schedule.left(aws::Instant::now()) > milliseconds(0);
}

// Whether this failure ends the wait for the first credentials. If so, the code that waits gets the
// error.
bool Refresher::ends_start(const Error& error) {
  if (first_.settled || rules_.start == Start::lazy) return false;
  const bool in_time =
      schedule_.failures() < aws::usual_attempts &&
      std::chrono::steady_clock::now() - first_.begin < binding_.options().session.timeout;
  const bool may_be_temporary = error.kind() == ErrorKind::try_later;
  if (may_be_temporary && (in_time || rules_.start == Start::patient)) return false;
  first_.settled = true;
  first_.promise.set_exception(std::make_exception_ptr(error));
  return true;
}

void Refresher::get(const std::stop_token& stop) {
  granted_.reset();
  if (!rotation_.proven() && !rotation_.candidate()) {
    rotation_.load(wall_clock(), reporter_);
    show_certificates();
  } else if (std::exchange(reload_identity_, false)) {
    load();  // even if no file has changed: a token may be plugged in again
  }
  Credentials credentials = ask_as_candidate_or_proven(stop);
  const aws::Instant now = aws::Instant::now();
  if (!rules_.deliver) refuse_expired(credentials, now);
  aws::RenewalSchedule schedule(rules_.refresh_before);
  schedule.succeeded(now, credentials.expiration, binding_.options().session.session_duration,
                     random());
  granted_.emplace(Granted{std::move(credentials), schedule});
}

Credentials Refresher::ask_as_candidate_or_proven(const std::stop_token& stop) {
  const auto ask = [this](const identity::Identity& identity) {
    return aws::open_session(request_, binding_.options().session, identity, reporter_,
                             rules_.attempts);
  };
  const auto refused = [this, &stop](const Error& error) {
    log_.warning("the new certificate is refused; the one from before stays in use",
                 {{"binding", binding_.name()}, {"reason", with_hint(error)}});
    note_rotation(with_hint(error));
    if (!rate_limiter_.wait_for_turn(stop, true)) throw error;
  };
  const bool has_candidate = rotation_.candidate() != nullptr;
  Credentials credentials = rotation_.ask(ask, refused);
  if (has_candidate && !rotation_.candidate()) note_rotation({});  // it was accepted
  return credentials;
}

void Refresher::deliver() {
  const Credentials& credentials = granted_->credentials;
  const int failures = schedule_.failures();
  const aws::Instant now = aws::Instant::now();
  if (rules_.deliver) {
    const auto next = now.wall + granted_->schedule.left(now);
    rules_.deliver({credentials, std::chrono::floor<seconds>(next), failures});
  }
  const SessionOptions& session = binding_.options().session;
  status_.issued = make_issued(credentials, session.role_arn, session.session_duration, now);
  status_.failure.clear();
  status_.certificates = certificates_of(*rotation_.proven());
  status_.last_success = std::chrono::floor<seconds>(now.wall);
  ++status_.renewed;
  binding_.publish(status_);
  schedule_ = granted_->schedule;
  granted_.reset();
  if (!rules_.deliver) {
    log_.info("renewed", {{"binding", binding_.name()},
                          {"expires", rfc3339(status_.issued->expiration)},
                          {"failed_before", failures == 0 ? "" : std::to_string(failures)}});
  }
  warnings_.check_certificates(status_.certificates, wall_clock(), status_.issued->expiration);
}

void Refresher::note_failure(const Error& error) {
  const auto kind = static_cast<std::size_t>(error.kind());
  reload_identity_ = error.kind() != ErrorKind::try_later;
  status_.failure = error.what();
  status_.failure_kind = error.kind();
  ++status_.failed[kind];
  binding_.publish(status_);
  schedule_.failed(aws::Instant::now(), random(), error.retry_after());
  if (ends_start(error)) return;
  const aws::Instant now = aws::Instant::now();
  const auto next = std::chrono::ceil<seconds>(schedule_.left(now));
  log_.warning("renewal failed", {{"binding", binding_.name()},
                                  {"reason", with_hint(error)},
                                  {"credentials", status_.expiry_text(now)},
                                  {"next_try", cat("within ", next.count(), " s")}});
}

void Refresher::show_certificates() {
  const identity::Rotation::IdentityPtr& used =
      rotation_.proven() ? rotation_.proven() : rotation_.candidate();
  if (!used) return;
  status_.certificates = certificates_of(*used);
  binding_.publish(status_);
}

void Refresher::note_rotation(const std::string& failure) {
  if (status_.rotation_failure == failure) return;
  status_.rotation_failure = failure;
  binding_.publish(status_);
}

}  // namespace rolecall::serve

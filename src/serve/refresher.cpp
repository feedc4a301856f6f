#include "serve/refresher.h"

#include <algorithm>
#include <utility>

#include "aws/create_session.h"
#include "base/deadline.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// If the machine is suspended or a clock is set during a wait, the wait still lasts its whole time.
// So no single wait is longer than this.
constexpr milliseconds max_wait_between_checks{1000};

std::string with_hint(const Error& error) {
  return error.hint().empty() ? error.what() : cat(error.what(), "; hint: ", error.hint());
}

std::vector<CertificateStatus> certificates_of(const identity::Identity& identity) {
  std::vector<CertificateStatus> certificates;
  const auto add = [&certificates](const std::string& position, const identity::Certificate& one) {
    certificates.push_back({position, one.name(), one.not_before(), one.not_after()});
  };
  add("leaf", identity.leaf);
  for (std::size_t i = 0; i < identity.chain.size(); ++i)
    add(cat("chain ", i + 1), identity.chain[i]);
  return certificates;
}

// Throws Error if the credentials have already expired by this machine's clock. Clients compare the
// expiry with that clock.
void refuse_expired(const Credentials& credentials, aws::Instant now) {
  if (credentials.expiration > now.wall) return;
  throw Error(ErrorKind::try_later,
              "the service sent credentials that expire at " + rfc3339(credentials.expiration) +
                  ", and this machine's clock says " +
                  rfc3339(std::chrono::floor<seconds>(now.wall)),
              "check this machine's clock; if it is right, the clock of the service is wrong");
}

}  // namespace

Refresher::Refresher(Binding& binding, RateLimiter& rate_limiter, const Log& log, Reporter reporter,
                     RenewalRules rules, const Clock& clock)
    : binding_(binding),
      rate_limiter_(rate_limiter),
      log_(log),
      reporter_(std::move(reporter)),
      rules_(std::move(rules)),
      clock_(clock),
      request_(aws::prepare_session(binding.options().session)),
      rotation_(binding.options().identity),
      schedule_(rules_.refresh_before),
      warnings_(log, binding.name()) {
  reporter_.warn = [this](std::string_view text) { warnings_.warn(text); };
}

void Refresher::load_identity() {
  Deadline deadline(binding_.options().session.timeout, clock_);
  rotation_.load(clock_.wall_seconds(), reporter_, deadline);
  publish_certificates();
  // For its first signature, a key on a token may need another PIN, which a person must type now.
  rotation_.candidate()->signer->sign("rolecall: may this key sign?");
}

void Refresher::start() {
  first_credentials_.begin = clock_.steady();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  binding_.set_renewer(thread_.get_id());
}

void Refresher::renew_now() {
  const std::scoped_lock lock(shared_.mutex);
  shared_.renewal_is_requested = true;
  shared_.changed.notify_all();
}

bool Refresher::wait_until_ended(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(shared_.mutex);
  return shared_.changed.wait_until(lock, until, [this] { return shared_.thread_has_ended; });
}

void Refresher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (renew(stop)) call_on_renew();
      wait_until_due(stop);
    } catch (const std::exception&) {
      // There is no memory, not even for a log line. Clients still get the current credentials.
      wait_for_request(stop, max_wait_between_checks);
    }
  }
  const std::scoped_lock lock(shared_.mutex);
  shared_.thread_has_ended = true;
  shared_.changed.notify_all();
}

void Refresher::wait_until_due(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const milliseconds until_due = schedule_.time_until_due(aws::Instant::now(clock_));
    if (until_due == milliseconds(0)) break;
    const bool is_requested = wait_for_request(stop, std::min(until_due, max_wait_between_checks));
    if (is_requested || rotation_.changed()) {
      load_new_files();
      // If a renewal has failed, the new files may be what it needs.
      if (is_requested || (rotation_.candidate() && schedule_.failures() > 0)) break;
    }
    warnings_.check_certificates(status_.certificates, clock_.wall_seconds());
  }
}

// Returns true if a renewal was requested.
bool Refresher::wait_for_request(const std::stop_token& stop, milliseconds time) {
  std::unique_lock lock(shared_.mutex);
  clock_.wait_for_change(shared_.changed, lock, stop, time,
                         [this] { return shared_.renewal_is_requested; });
  return std::exchange(shared_.renewal_is_requested, false);
}

// If the new files cannot be used, logs this. The previous identity then stays in use.
void Refresher::load_new_files() {
  Deadline deadline(binding_.options().session.timeout, clock_);
  try {
    const bool is_new = rotation_.load(clock_.wall_seconds(), reporter_, deadline);
    if (is_new || !rotation_.candidate()) publish_rotation_failure({});
    if (!is_new) return;
    if (!rotation_.proven()) publish_certificates();
    const identity::Certificate& leaf = rotation_.candidate()->leaf;
    log_.info("read a new certificate and its key", {{"binding", binding_.name()},
                                                     {"subject", leaf.name()},
                                                     {"serial", leaf.serial_decimal()},
                                                     {"expires", rfc3339(leaf.not_after())}});
  } catch (const Error& error) {
    reload_identity_ = true;
    const std::string reason = with_hint(error);
    if (status_.rotation_failure == reason) return;
    publish_rotation_failure(reason);
    log_.warning(rotation_.proven()
                     ? "the certificate and its key cannot be used; rolecall continues "
                       "with the previous ones"
                     : "the certificate and its key cannot be used",
                 {{"binding", binding_.name()}, {"reason", reason}});
  }
}

// Returns whether new credentials are in use now.
bool Refresher::renew(const std::stop_token& stop) {
  const bool needs_credentials = !has_undelivered_credentials();
  if (needs_credentials && !rate_limiter_.wait_for_turn(stop, schedule_.failures() > 0))
    return false;
  try {
    if (needs_credentials) request_credentials(stop);
    deliver();
    rate_limiter_.succeeded();
    if (!std::exchange(first_credentials_.wait_is_over, true))
      first_credentials_.promise.set_value();
    return true;
  } catch (const Error& error) {
    handle_failure(error);
  } catch (const std::exception& error) {  // no memory
    handle_failure(Error(ErrorKind::try_later, error.what()));
  }
  return false;
}

void Refresher::call_on_renew() {
  if (!rules_.on_renew) return;
  try {
    rules_.on_renew(status_.issued->expiration);
  } catch (const Error& error) {
    log_.warning("the command after the renewal failed",
                 {{"binding", binding_.name()}, {"reason", with_hint(error)}});
  }
}

// Credentials that could not be delivered, for example to a full disk, are kept. New ones are not
// requested until these must be renewed.
bool Refresher::has_undelivered_credentials() const {
  return undelivered_ &&
         undelivered_->schedule.time_until_due(aws::Instant::now(clock_)) > milliseconds(0);
}

// Whether this failure ends the wait for the first credentials. If so, the future of
// first_credentials() throws the error.
bool Refresher::ends_first_wait(const Error& error) {
  if (first_credentials_.wait_is_over || rules_.start == Start::lazy) return false;
  const bool within_limits =
      schedule_.failures() < aws::usual_attempts &&
      clock_.steady() - first_credentials_.begin < binding_.options().session.timeout;
  const bool may_be_temporary = error.kind() == ErrorKind::try_later;
  if (may_be_temporary && (within_limits || rules_.start == Start::until_refused)) return false;
  first_credentials_.wait_is_over = true;
  first_credentials_.promise.set_exception(std::make_exception_ptr(error));
  return true;
}

void Refresher::request_credentials(const std::stop_token& stop) {
  undelivered_.reset();
  if (!rotation_.proven() && !rotation_.candidate()) {
    Deadline deadline(binding_.options().session.timeout, clock_);
    rotation_.load(clock_.wall_seconds(), reporter_, deadline);
    publish_certificates();
  } else if (std::exchange(reload_identity_, false)) {
    load_new_files();  // even if no file has changed: a token may be plugged in again
  }
  Credentials credentials = create_session(stop);
  const aws::Instant now = aws::Instant::now(clock_);
  if (!rules_.deliver) refuse_expired(credentials, now);
  aws::RenewalSchedule schedule(rules_.refresh_before);
  schedule.succeeded(now, credentials.expiration, binding_.options().session.session_duration,
                     random_fraction());
  undelivered_.emplace(Undelivered{std::move(credentials), schedule});
}

Credentials Refresher::create_session(const std::stop_token& stop) {
  const auto ask = [this](const identity::Identity& identity) {
    const SessionOptions& options = binding_.options().session;
    return aws::open_session(request_, options, identity, reporter_,
                             Deadline(options.timeout, clock_), rules_.attempts);
  };
  const auto on_refusal = [this, &stop](const Error& error) {
    log_.warning(
        "the service refused the new certificate; rolecall continues with the previous one",
        {{"binding", binding_.name()}, {"reason", with_hint(error)}});
    publish_rotation_failure(with_hint(error));
    if (!rate_limiter_.wait_for_turn(stop, true)) throw error;
  };
  const bool has_candidate = rotation_.candidate() != nullptr;
  Credentials credentials = rotation_.ask(ask, on_refusal);
  if (has_candidate && !rotation_.candidate())
    publish_rotation_failure({});  // the service accepted the candidate
  return credentials;
}

void Refresher::deliver() {
  const Credentials& credentials = undelivered_->credentials;
  const int failures = schedule_.failures();
  const aws::Instant now = aws::Instant::now(clock_);
  if (rules_.deliver) {
    const auto next = now.wall + undelivered_->schedule.time_until_due(now);
    rules_.deliver({credentials, std::chrono::floor<seconds>(next), failures});
  }
  const SessionOptions& session = binding_.options().session;
  status_.issued = make_issued(credentials, session.role_arn, session.session_duration, now);
  status_.failure.clear();
  status_.certificates = certificates_of(*rotation_.proven());
  status_.last_success = std::chrono::floor<seconds>(now.wall);
  ++status_.renewed;
  binding_.publish(status_);
  schedule_ = undelivered_->schedule;
  undelivered_.reset();
  if (!rules_.deliver) {
    log_.info("renewed", {{"binding", binding_.name()},
                          {"expires", rfc3339(status_.issued->expiration)},
                          {"failed_before", failures == 0 ? "" : std::to_string(failures)}});
  }
  warnings_.check_certificates(status_.certificates, clock_.wall_seconds(),
                               status_.issued->expiration);
}

void Refresher::handle_failure(const Error& error) {
  const auto kind = static_cast<std::size_t>(error.kind());
  reload_identity_ = error.kind() != ErrorKind::try_later;
  status_.failure = error.what();
  status_.failure_kind = error.kind();
  ++status_.failed[kind];
  binding_.publish(status_);
  schedule_.failed(aws::Instant::now(clock_), random_fraction(), error.retry_after());
  if (ends_first_wait(error)) return;
  const aws::Instant now = aws::Instant::now(clock_);
  const auto next = std::chrono::ceil<seconds>(schedule_.time_until_due(now));
  log_.warning("renewal failed", {{"binding", binding_.name()},
                                  {"reason", with_hint(error)},
                                  {"credentials", status_.expiry_text(now)},
                                  {"next_try", cat("within ", next.count(), " s")}});
}

void Refresher::publish_certificates() {
  const identity::Rotation::IdentityPtr& used =
      rotation_.proven() ? rotation_.proven() : rotation_.candidate();
  if (!used) return;
  status_.certificates = certificates_of(*used);
  binding_.publish(status_);
}

void Refresher::publish_rotation_failure(const std::string& failure) {
  if (status_.rotation_failure == failure) return;
  status_.rotation_failure = failure;
  binding_.publish(status_);
}

}  // namespace rolecall::serve

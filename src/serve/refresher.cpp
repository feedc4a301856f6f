#include "serve/refresher.h"

#include <algorithm>
#include <utility>

#include "aws/fallback.h"
#include "aws/retry.h"
#include "aws/service_error.h"
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

// How soon the binding itself is asked again while its fallback is in use. A random part of the
// last ten seconds is left out, so that hosts do not ask together.
constexpr seconds ask_first_again{60};
constexpr seconds ask_first_jitter{10};

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
      schedule_(rules_.refresh_before),
      warnings_(log, binding.name()) {
  reporter_.warn = [this](std::string_view text) { warnings_.warn(text); };
  requesters_.emplace_back(binding_.options(), log_, reporter_, clock_);
  for (const BindingOptions& fallback : binding_.options().fallbacks)
    requesters_.emplace_back(fallback, log_, reporter_, clock_);
}

void Refresher::load_identity() {
  for (Requester& requester : requesters_) {
    const bool is_first = &requester == &requesters_.front();
    try {
      requester.load();
      publish_identities();
      requester.try_key();
    } catch (const Error& error) {
      if (is_first) throw;
      log_.warning("a fallback cannot be used now", {{"binding", binding_.name()},
                                                     {"fallback", requester.options().name},
                                                     {"reason", with_hint(error)}});
    }
  }
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
  Due due = Due::renewal;
  while (!stop.stop_requested()) {
    try {
      const bool is_renewed = due == Due::renewal ? renew(stop) : return_to_first_binding(stop);
      if (is_renewed) call_on_renew();
      due = wait_until_due(stop);
    } catch (const std::exception&) {
      // There is no memory, not even for a log line. Clients still get the current credentials.
      wait_for_request(stop, max_wait_between_checks);
    }
  }
  const std::scoped_lock lock(shared_.mutex);
  shared_.thread_has_ended = true;
  shared_.changed.notify_all();
}

milliseconds Refresher::time_until_due() const {
  const aws::Instant now = aws::Instant::now(clock_);
  const milliseconds until_renewal = schedule_.time_until_due(now);
  if (!ask_first_at_) return until_renewal;
  const auto until_first = std::chrono::ceil<milliseconds>(*ask_first_at_ - now.steady);
  return std::clamp(until_first, milliseconds(0), until_renewal);
}

Refresher::Due Refresher::wait_until_due(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const milliseconds until_due = time_until_due();
    if (until_due == milliseconds(0)) break;
    const bool is_requested = wait_for_request(stop, std::min(until_due, max_wait_between_checks));
    const bool has_new_identity = load_new_files(is_requested);
    // If a renewal has failed, the new files may be what it needs.
    if (is_requested || (has_new_identity && schedule_.failures() > 0)) return Due::renewal;
    warnings_.check_certificates(status_.certificates, clock_.wall_seconds());
  }
  const bool renewal_is_due =
      schedule_.time_until_due(aws::Instant::now(clock_)) == milliseconds(0);
  return renewal_is_due ? Due::renewal : Due::first_binding;
}

// Returns true if a renewal was requested.
bool Refresher::wait_for_request(const std::stop_token& stop, milliseconds time) {
  std::unique_lock lock(shared_.mutex);
  clock_.wait_for_change(shared_.changed, lock, stop, time,
                         [this] { return shared_.renewal_is_requested; });
  return std::exchange(shared_.renewal_is_requested, false);
}

// Returns whether there is an identity that was not tried yet.
bool Refresher::load_new_files(bool even_if_unchanged) {
  bool was_loaded = false;
  bool has_new_identity = false;
  for (Requester& requester : requesters_) {
    if (!even_if_unchanged && !requester.files_have_changed()) continue;
    requester.load_new_files();
    was_loaded = true;
    has_new_identity = has_new_identity || requester.has_new_identity();
    // A SPIFFE agent sends a new certificate when the life of the previous one is half over.
    const bool is_first = &requester == &requesters_.front();
    if (is_first && requester.has_new_identity() && requester.half_of_life())
      schedule_.bring_forward(aws::Instant::now(clock_), {});
  }
  if (was_loaded) publish_identities();
  return has_new_identity;
}

// Returns whether new credentials are in use now.
bool Refresher::renew(const std::stop_token& stop) {
  const bool needs_credentials = !has_undelivered_credentials();
  if (needs_credentials && !rate_limiter_.wait_for_turn(stop, schedule_.failures() > 0))
    return false;
  try {
    if (needs_credentials) {
      undelivered_.reset();
      std::size_t answered = 0;
      Credentials credentials = ask_in_order(stop, answered);
      accept(std::move(credentials), answered);
    }
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

// The credentials of a fallback are in use and are still valid. So an outage is no failure.
bool Refresher::return_to_first_binding(const std::stop_token& stop) {
  if (!rate_limiter_.wait_for_turn(stop, true)) return false;
  try {
    accept(ask(0, binding_.options().session.timeout, stop), 0);
    deliver();
    rate_limiter_.succeeded();
    return true;
  } catch (const Error& error) {
    if (!aws::is_outage(error)) {
      handle_failure(error);
      return false;
    }
    reporter_.trace([&error] { return cat("no return to the first binding: ", error.what()); });
  }
  set_time_to_ask_first();
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

Credentials Refresher::ask(std::size_t which, milliseconds time, const std::stop_token& stop) {
  const auto may_ask_again = [this, &stop] { return rate_limiter_.wait_for_turn(stop, true); };
  try {
    Credentials credentials = requesters_[which].request(time, rules_.attempts, may_ask_again);
    publish_identities();
    return credentials;
  } catch (const Error&) {
    publish_identities();
    throw;
  }
}

Credentials Refresher::ask_in_order(const std::stop_token& stop, std::size_t& answered) {
  const milliseconds timeout = binding_.options().session.timeout;
  if (requesters_.size() == 1) return ask(0, timeout, stop);
  std::vector<std::string> names;
  for (const Requester& requester : requesters_)
    names.push_back(requester.options().name);
  return aws::ask_in_order({names, timeout,
                            [&](std::size_t which, milliseconds time) {
                              answered = which;
                              return ask(which, time, stop);
                            },
                            [&](std::size_t which, const Error& outage) {
                              log_.warning("a fallback is asked", {{"binding", binding_.name()},
                                                                   {"fallback", names[which]},
                                                                   {"reason", with_hint(outage)}});
                            }},
                           clock_);
}

void Refresher::accept(Credentials credentials, std::size_t answered) {
  const aws::Instant now = aws::Instant::now(clock_);
  if (!rules_.deliver) refuse_expired(credentials, now);
  aws::RenewalSchedule schedule(rules_.refresh_before);
  schedule.succeeded(now, credentials.expiration,
                     requesters_[answered].options().session.session_duration, random_fraction());
  if (const auto half = requesters_[answered].half_of_life(); half && *half > now.wall)
    schedule.bring_forward(now, std::chrono::ceil<milliseconds>(*half - now.wall));
  undelivered_.emplace(Undelivered{std::move(credentials), schedule, answered});
}

void Refresher::deliver() {
  const Credentials& credentials = undelivered_->credentials;
  const int failures = schedule_.failures();
  const std::size_t answered = undelivered_->answered;
  const std::string answered_by = answered == 0 ? "" : requesters_[answered].options().name;
  const aws::Instant now = aws::Instant::now(clock_);
  if (rules_.deliver) {
    const auto next = now.wall + undelivered_->schedule.time_until_due(now);
    rules_.deliver({credentials, std::chrono::floor<seconds>(next), failures, answered_by});
  }
  const SessionOptions& session = requesters_[answered].options().session;
  status_.issued = make_issued(credentials, session.role_arn, session.session_duration, now);
  status_.failure.clear();
  status_.answered_by = answered_by;
  status_.last_success = std::chrono::floor<seconds>(now.wall);
  ++status_.renewed;
  binding_.publish(status_);
  schedule_ = undelivered_->schedule;
  undelivered_.reset();
  ask_first_at_.reset();
  if (answered != 0) set_time_to_ask_first();
  if (!rules_.deliver) {
    log_.info("renewed", {{"binding", binding_.name()},
                          {"expires", rfc3339(status_.issued->expiration)},
                          {"answered_by", answered_by},
                          {"failed_before", failures == 0 ? "" : std::to_string(failures)}});
  }
  warnings_.check_certificates(status_.certificates, clock_.wall_seconds(),
                               status_.issued->expiration);
}

void Refresher::handle_failure(const Error& error) {
  const auto kind = static_cast<std::size_t>(error.kind());
  status_.failure = error.what();
  status_.failure_kind = error.kind();
  ++status_.failed[kind];
  binding_.publish(status_);
  ask_first_at_.reset();  // the next renewal asks the binding itself
  schedule_.failed(aws::Instant::now(clock_), random_fraction(), error.retry_after());
  if (ends_first_wait(error)) return;
  const aws::Instant now = aws::Instant::now(clock_);
  const auto next = std::chrono::ceil<seconds>(schedule_.time_until_due(now));
  log_.warning("renewal failed", {{"binding", binding_.name()},
                                  {"reason", with_hint(error)},
                                  {"credentials", status_.expiry_text(now)},
                                  {"next_try", cat("within ", next.count(), " s")}});
}

void Refresher::set_time_to_ask_first() {
  const double random = random_fraction();
  const milliseconds less(static_cast<int>(random * 1000 * ask_first_jitter.count()));
  ask_first_at_ = aws::Instant::now(clock_).steady + ask_first_again - less;
}

void Refresher::publish_identities() {
  status_.certificates.clear();
  status_.rotation_failure.clear();
  for (const Requester& requester : requesters_) {
    const bool is_first = &requester == &requesters_.front();
    for (CertificateStatus& one : requester.certificates()) {
      if (!is_first) one.position += " of " + requester.options().name;
      status_.certificates.push_back(std::move(one));
    }
    if (status_.rotation_failure.empty()) status_.rotation_failure = requester.rotation_failure();
  }
  binding_.publish(status_);
}

}  // namespace rolecall::serve

#include "serve/refresher.h"

#include <algorithm>
#include <utility>

#include "aws/session.h"
#include "base/time.h"

namespace rolecall::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto warn_before = std::chrono::days(30);
// A suspend and a clock that is set stop no wait, so that none is longer than this.
constexpr milliseconds longest_nap{1000};
constexpr std::size_t most_said = 100;

std::string in_words(const Error& error) {
  return error.hint().empty() ? error.what()
                              : std::string(error.what()) + "; hint: " + error.hint();
}

std::vector<CertificateStatus> certificates_of(const identity::Identity& identity) {
  std::vector<CertificateStatus> all;
  const auto add = [&all](const std::string& place, const identity::Certificate& one) {
    all.push_back({place, one.name(), one.not_before(), one.not_after()});
  };
  add("leaf", identity.leaf);
  for (std::size_t i = 0; i < identity.chain.size(); ++i)
    add("chain " + std::to_string(i + 1), identity.chain[i]);
  return all;
}

// A certificate that is made for a day is not warned about all day long.
bool expires_soon(const CertificateStatus& certificate, std::chrono::sys_seconds now) {
  const seconds life = certificate.not_after - certificate.not_before;
  return certificate.not_after - now < std::min<seconds>(warn_before, life / 3);
}

}  // namespace

Refresher::Refresher(Binding& binding, Gate& gate, const Log& log, Reporter reporter)
    : binding_(binding),
      gate_(gate),
      log_(log),
      reporter_(std::move(reporter)),
      request_(aws::prepare_session(binding.options().session)),
      rotation_(binding.options().identity) {
  // A run of months says each thing once a day.
  reporter_.warn = [this](std::string_view text) {
    if (said_.size() >= most_said) said_.clear();
    if (said_.insert(std::string(text)).second) log_.warning(text, {{"binding", binding_.name()}});
  };
}

void Refresher::load_identity() {
  rotation_.load(wall_clock(), reporter_);
  show_certificates();
  // A key on a token may want a PIN of its own with its first signature.
  rotation_.candidate()->signer->sign("rolecall: may this key sign?");
}

void Refresher::start() {
  started_ = std::chrono::steady_clock::now();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  binding_.set_renewer(thread_.get_id());
}

void Refresher::renew_now() {
  const std::scoped_lock lock(mutex_);
  asked_ = true;
  changed_.notify_all();
}

bool Refresher::stopped(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return ended_; });
}

void Refresher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      renew(stop);
      wait_until_due(stop);
    } catch (const std::exception&) {
      // No memory, be it to write a line. What is in hand is still handed out.
      wait(stop, longest_nap);
    }
  }
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Refresher::wait_until_due(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const milliseconds left = schedule_.left(aws::Instant::now());
    if (left == milliseconds(0)) break;
    const bool asked = wait(stop, std::min(left, longest_nap));
    if (asked || rotation_.changed()) {
      load();
      // New files may be what a failing renewal waits for.
      if (asked || (rotation_.candidate() && schedule_.failures() > 0)) break;
    }
    warn_of_certificates(false);
  }
}

// True: a renewal is asked for.
bool Refresher::wait(const std::stop_token& stop, milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, time, [this] { return asked_; });
  return std::exchange(asked_, false);
}

// What does not fit is said, and what is there stays in use.
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
    suspect_ = true;
    const std::string reason = in_words(error);
    if (status_.rotation_failure == reason) return;
    note_rotation(reason);
    log_.warning(rotation_.proven() ? "the certificate and its key cannot be used as they are now; "
                                      "those from before stay in use"
                                    : "the certificate and its key cannot be used as they are now",
                 {{"binding", binding_.name()}, {"reason", reason}});
  }
}

void Refresher::renew(const std::stop_token& stop) {
  if (!gate_.pass(stop, schedule_.failures() > 0)) return;
  try {
    if (!rotation_.proven() && !rotation_.candidate()) {
      rotation_.load(wall_clock(), reporter_);
      show_certificates();
    } else if (std::exchange(suspect_, false)) {
      load();  // also where no file changed: a token may have been plugged in again
    }
    take(ask_as_candidate_or_proven(stop));
    gate_.succeeded();
    settle_first(nullptr);
  } catch (const Error& error) {
    note_failure(error);
    settle_first(&error);
  } catch (const std::exception& error) {  // no memory
    const Error failure(ErrorKind::try_later, error.what());
    note_failure(failure);
    settle_first(&failure);
  }
}

void Refresher::settle_first(const Error* failure) {
  if (first_settled_) return;
  if (failure != nullptr) {
    const bool another =
        failure->kind() == ErrorKind::try_later && schedule_.failures() < aws::usual_attempts &&
        std::chrono::steady_clock::now() - started_ < binding_.options().session.timeout;
    if (another) return;
    first_.set_exception(std::make_exception_ptr(*failure));
  } else {
    first_.set_value();
  }
  first_settled_ = true;
}

Credentials Refresher::ask(const identity::Identity& identity) {
  // Other tries are the schedule's, so that bindings that fail together stay within their gate.
  return aws::open_session(request_, binding_.options().session, identity, reporter_, 1);
}

Credentials Refresher::ask_as_candidate_or_proven(const std::stop_token& stop) {
  if (!rotation_.candidate()) return ask(*rotation_.proven());
  try {
    Credentials credentials = ask(*rotation_.candidate());
    rotation_.accept();
    note_rotation({});
    return credentials;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::failed || !rotation_.proven()) throw;
    log_.warning("the new certificate is refused; the one from before stays in use",
                 {{"binding", binding_.name()}, {"reason", in_words(error)}});
    note_rotation(in_words(error));
    if (!gate_.pass(stop, true)) throw;
    return ask(*rotation_.proven());
  }
}

void Refresher::take(const Credentials& credentials) {
  const aws::Instant now = aws::Instant::now();
  if (credentials.expiration <= now.wall) {
    throw Error(ErrorKind::try_later,
                "the service sent credentials that expire at " + rfc3339(credentials.expiration) +
                    ", and this machine's clock says " +
                    rfc3339(std::chrono::floor<seconds>(now.wall)),
                "set this machine's clock, or the service's");
  }
  const SessionOptions& session = binding_.options().session;
  status_.issued = make_issued(credentials, session.role_arn, session.session_duration, now);
  status_.failure.clear();
  status_.certificates = certificates_of(*rotation_.proven());
  status_.last_success = std::chrono::floor<seconds>(now.wall);
  ++status_.renewed;
  binding_.publish(status_);
  const int failures = schedule_.failures();
  schedule_.succeeded(now, credentials.expiration, session.session_duration, random());
  log_.info("renewed", {{"binding", binding_.name()},
                        {"expires", rfc3339(credentials.expiration)},
                        {"failed_before", failures == 0 ? "" : std::to_string(failures)}});
  warn_of_certificates(true);
}

void Refresher::note_failure(const Error& error) {
  const auto kind = static_cast<std::size_t>(error.kind());
  suspect_ = error.kind() != ErrorKind::try_later;
  status_.failure = error.what();
  status_.failure_kind = error.kind();
  ++status_.failed[kind];
  binding_.publish(status_);
  schedule_.failed(aws::Instant::now(), random(), error.retry_after());
  const aws::Instant now = aws::Instant::now();
  const auto next = std::chrono::ceil<seconds>(schedule_.left(now));
  log_.warning("renewal failed", {{"binding", binding_.name()},
                                  {"reason", in_words(error)},
                                  {"credentials", status_.held(now)},
                                  {"next_try", "within " + std::to_string(next.count()) + " s"}});
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

// Once a day, and where a certificate is in the way of the credentials that it got.
void Refresher::warn_of_certificates(bool after_renewal) {
  const auto now = wall_clock();
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const bool daily = today != warned_;
  if (!daily && !after_renewal) return;
  for (const CertificateStatus& certificate : status_.certificates) {
    const bool expires_first = after_renewal && certificate.not_after < status_.issued->expiration;
    if (!expires_first && !(daily && expires_soon(certificate, now))) continue;
    log_.warning(expires_first ? "a certificate expires before the credentials do"
                               : "a certificate expires soon",
                 {{"binding", binding_.name()},
                  {"certificate", certificate.place},
                  {"subject", certificate.subject},
                  {"expires", rfc3339(certificate.not_after)},
                  {"in", rough_duration(certificate.not_after - now)}});
  }
  if (status_.certificates.empty()) return;
  // The first day begins with the start, and what was said then is not said again.
  if (daily && warned_ != std::chrono::sys_days{}) said_.clear();
  warned_ = today;
}

}  // namespace rolecall::serve

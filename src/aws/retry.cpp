#include "aws/retry.h"

#include <algorithm>
#include <optional>

#include "aws/service_error.h"
#include "aws/session_answer.h"
#include "aws/sigv4_x509.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "base/waiting.h"

namespace rolecall::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr milliseconds max_random_wait{20000};
constexpr seconds max_skew{240};

std::optional<sys_seconds> server_time(const http::Response& response) {
  const std::string* date = http::find(response.headers, "date");
  return date == nullptr ? std::nullopt : parse_http_date(*date);
}

// Limits Retry-After, so that a very large value cannot overflow the clocks.
constexpr seconds max_retry_after = std::chrono::hours(24);

// The body of a 503 from the service may have retryAfterSeconds, with or without the header.
std::optional<milliseconds> retry_after_of_body(const http::Response& response) {
  const auto count = number_member(parse_json(response.body.view()), "retryAfterSeconds");
  if (!count || *count < 0) return std::nullopt;
  return seconds(std::min<std::int64_t>(*count, max_retry_after.count()));
}

// Retry-After is a number of seconds or a date (RFC 9110, 10.2.3).
std::optional<milliseconds> retry_after(const http::Response& response, sys_seconds now) {
  const std::string* value = http::find(response.headers, "retry-after");
  if (value == nullptr) return retry_after_of_body(response);
  const auto count = parse_number<int>(*value);
  if (count && *count >= 0) return std::min(seconds(*count), max_retry_after);
  const auto date = parse_http_date(*value);
  if (!date) return retry_after_of_body(response);
  return std::clamp(*date - server_time(response).value_or(now), seconds(0), max_retry_after);
}

// Only these statuses are worth another attempt. Other 5xx will not change within a few seconds.
bool is_worth_retrying(const Error& error, int status) {
  return error.kind() == ErrorKind::try_later &&
         (status < 501 || status == 502 || status == 503 || status == 504);
}

// A random time below 1 s, times 2^attempt, so that hosts that failed together do not try again
// together.
milliseconds random_wait(int attempt) {
  const milliseconds below_a_second(static_cast<int>(random_fraction() * 1000));
  return std::min(max_random_wait, below_a_second * (1 << attempt));
}

// The result of one attempt: either credentials or a failure.
struct Outcome {
  std::optional<Credentials> credentials;
  std::optional<Error> failure;
  int status = 0;                // of the answer; 0 if there was no answer
  bool is_from_service = false;  // the service sent the failure, not a proxy or the network
  seconds clock_difference{0};   // the service's clock minus ours
  std::optional<milliseconds> requested_wait;
};

[[noreturn]] void fail(const Outcome& last, const std::string& what, const std::string& hint) {
  const Error error(last.failure->kind(), what, hint,
                    last.requested_wait.value_or(milliseconds(0)));
  const bool is_5xx = last.status >= 500;
  if (last.is_from_service) throw ServiceRefusal(error, is_5xx);
  const bool has_no_answer = last.status == 0 && error.kind() == ErrorKind::try_later;
  if (is_5xx || has_no_answer) throw Outage(error);
  throw Error(error);
}

class Attempts {
 public:
  Attempts(const Send& send, const SessionRequest& request, const identity::Identity& identity,
           const Deadline& deadline, const Reporter& reporter, int max_attempts)
      : send_(send),
        request_(request),
        identity_(identity),
        deadline_(deadline),
        reporter_(reporter),
        max_attempts_(max_attempts),
        endpoint_(request.origin.text()) {}

  Credentials run() {
    for (;; ++number_) {
      Outcome outcome = attempt();
      if (corrects_clock(outcome)) outcome = attempt();
      if (outcome.credentials) return std::move(*outcome.credentials);
      wait_after(outcome);
    }
  }

 private:
  sys_seconds now() const { return deadline_.clock().wall_seconds(); }
  sys_seconds corrected_now() const { return now() + correction_.value_or(seconds(0)); }
  std::string number_text() const { return cat("attempt ", number_, " of ", max_attempts_); }

  // rolecall doctor, which sends its request without retries, does not need to be named there.
  Error refusal(const http::Response& response) const {
    Error error = service_error(response, endpoint_, identity_, now());
    if (!is_from_service(response) || response.status >= 500) return error;
    return {error.kind(), error.what(),
            error.hint() + "; rolecall doctor, with the same options, looks for the reason"};
  }

  Outcome attempt() const {
    const SignedRequest signed_request =
        sign_request(identity_, request_.origin.host_header(), sessions_path, request_.region,
                     request_.body, corrected_now());
    reporter_.trace([&] {
      return number_text() + "\ncanonical request:\n" + signed_request.canonical_request +
             "\nstring to sign:\n" + signed_request.string_to_sign;
    });
    Outcome outcome;
    try {
      const http::Response response = send(signed_request.headers);
      outcome.status = response.status;
      const auto service_time = server_time(response);
      if (service_time) outcome.clock_difference = *service_time - now();
      if (response.status >= 200 && response.status < 300) {
        outcome.credentials = accept(response, service_time);
      } else {
        outcome.is_from_service = is_from_service(response);
        outcome.failure = refusal(response);
        outcome.requested_wait = retry_after(response, now());
      }
    } catch (const Error& error) {
      outcome.failure = error;
    }
    return outcome;
  }

  http::Response send(const http::Headers& headers) const {
    const Waiting waiting("an answer of " + endpoint_);
    return send_(headers);
  }

  Credentials accept(const http::Response& response,
                     std::optional<sys_seconds> service_time) const {
    Credentials credentials = read_credentials(response, endpoint_);
    if (credentials.expiration <= service_time.value_or(corrected_now())) {
      throw Error(
          ErrorKind::failed,
          endpoint_ + " sent credentials that expired at " + rfc3339(credentials.expiration) +
              " by the clock of the endpoint",
          "is the endpoint really IAM Roles Anywhere, or does a caching proxy answer instead?");
    }
    const seconds skew = service_time ? *service_time - now() : seconds(0);
    if (std::chrono::abs(skew) > max_skew) credentials.clock_skew = skew;
    limit_expiration(credentials);
    return credentials;
  }

  // Programs keep credentials until `expiration`. If a wrong clock or a false answer makes that
  // time too late, they would keep them for years. So it is never later than what was requested.
  void limit_expiration(Credentials& credentials) const {
    const sys_seconds latest = now() + request_.duration;
    if (credentials.expiration <= latest + clock_tolerance) return;
    reporter_.trace([&] {
      return "the service says that the session expires at " + rfc3339(credentials.expiration) +
             "; by this machine's clock, this is later than requested; rolecall uses the time that "
             "was requested";
    });
    credentials.expiration = latest;
  }

  // True at most once: if this machine's wrong clock may be the reason for the failure. The next
  // signature then uses the service's time.
  bool corrects_clock(const Outcome& outcome) {
    const seconds difference = outcome.clock_difference;
    if (correction_ || !outcome.failure || outcome.failure->kind() != ErrorKind::failed ||
        outcome.status < 300 || outcome.status >= 500 || std::chrono::abs(difference) <= max_skew) {
      return false;
    }
    correction_ = difference;
    reporter_.warning("this machine's clock is " + largest_unit_text(difference) +
                      (difference > seconds(0) ? " behind" : " ahead of") +
                      " the service's clock; trying again with the service's time. Set the clock "
                      "of this machine");
    return true;
  }

  // Waits before the next attempt. If there is no next attempt, throws the failure.
  void wait_after(const Outcome& outcome) const {
    const Error& failure = *outcome.failure;
    if (!is_worth_retrying(failure, outcome.status)) fail(outcome, failure.what(), failure.hint());
    const std::string what =
        failure.what() + (number_ > 1 ? " (" + number_text() + ")" : std::string());
    if (number_ == max_attempts_) fail(outcome, what, failure.hint());
    const milliseconds wait =
        outcome.requested_wait ? *outcome.requested_wait : random_wait(number_ - 1);
    if (wait >= deadline_.left()) {
      fail(outcome, what,
           outcome.requested_wait ? "the service asks for a wait of " +
                                        largest_unit_text(std::chrono::ceil<seconds>(wait)) +
                                        ", which is longer than the rest of `timeout`"
                                  : failure.hint());
    }
    reporter_.trace([&] { return cat(failure.what(), "\nnext attempt in ", wait.count(), " ms"); });
    const Waiting waiting(cat("the next attempt, after this: ", failure.what()));
    deadline_.clock().wait(wait);
  }

  const Send& send_;
  const SessionRequest& request_;
  const identity::Identity& identity_;
  const Deadline& deadline_;
  const Reporter& reporter_;
  int max_attempts_;
  std::string endpoint_;
  int number_ = 1;
  std::optional<seconds> correction_;  // of this machine's clock, for signatures
};

}  // namespace

Credentials send_with_retries(const Send& send, const SessionRequest& request,
                              const identity::Identity& identity, const Deadline& deadline,
                              const Reporter& reporter, int attempts) {
  return Attempts(send, request, identity, deadline, reporter, attempts).run();
}

}  // namespace rolecall::aws

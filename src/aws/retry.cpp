#include "aws/retry.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <thread>

#include "aws/sigv4_x509.h"
#include "base/json.h"
#include "base/time.h"
#include "base/waiting.h"

namespace rolecall::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds longest_wait{20000};
constexpr seconds tolerated_skew{240};

std::optional<std::chrono::sys_seconds> server_time(const http::Response& response) {
  const std::string* date = http::find(response.headers, "date");
  return date == nullptr ? std::nullopt : parse_http_date(*date);
}

// So that nothing however far leaves the range of the clocks that it is compared on.
constexpr seconds longest_asked = std::chrono::hours(24);

// What a 503 of the service may have in its body, beside the header or in its place.
std::optional<milliseconds> retry_after_of_body(const http::Response& response) {
  const auto count = number_member(parse_json(response.body.view()), "retryAfterSeconds");
  if (!count || *count < 0) return std::nullopt;
  return seconds(std::min<std::int64_t>(*count, longest_asked.count()));
}

// Retry-After in seconds, or as a date (RFC 9110, 10.2.3).
std::optional<milliseconds> retry_after(const http::Response& response) {
  const std::string* value = http::find(response.headers, "retry-after");
  if (value == nullptr) return retry_after_of_body(response);
  int count = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), count);
  if (error == std::errc() && end == value->data() + value->size() && count >= 0) {
    return std::min(seconds(count), longest_asked);
  }
  const auto date = parse_http_date(*value);
  if (!date) return retry_after_of_body(response);
  return std::clamp(*date - server_time(response).value_or(wall_clock()), seconds(0),
                    longest_asked);
}

// Another 5xx than these does not pass in the seconds that are waited here.
bool is_tried_again(const Error& error, int status) {
  return error.kind() == ErrorKind::try_later &&
         (status < 501 || status == 502 || status == 503 || status == 504);
}

// No clock that is wrong, here or there, and no false answer makes credentials last longer than was
// asked for: a reader of `expiration` would keep them for years.
void bound_expiration(Credentials& credentials, seconds asked, const Reporter& reporter) {
  const auto now = wall_clock();
  if (credentials.expiration <= now + asked + clock_tolerance) return;
  reporter.trace([&] {
    return "the service says that the session expires at " + rfc3339(credentials.expiration) +
           ", longer than was asked for by this machine's clock; it counts for what was asked for";
  });
  credentials.expiration = now + asked;
}

// Random in [0, 1) s × 2^attempt, so that hosts that failed together do not come back together.
milliseconds random_wait(int attempt) {
  std::random_device device;
  std::uniform_int_distribution<milliseconds::rep> below_a_second(0, 999);
  return std::min(longest_wait, milliseconds(below_a_second(device)) * (1 << attempt));
}

}  // namespace

Credentials send_with_retries(http::Client& client, const SessionRequest& request,
                              const identity::Identity& identity, const Deadline& deadline,
                              const Reporter& reporter, int attempts) {
  const std::string endpoint = request.origin.text();
  seconds skew{0};
  bool skew_known = false;
  int attempt = 1;
  for (;;) {
    const SignedRequest signed_request =
        sign_request(identity, request.origin.host_header(), sessions_path, request.region,
                     request.body, wall_clock() + skew);
    reporter.trace([&] {
      return "attempt " + std::to_string(attempt) + " of " + std::to_string(attempts) +
             "\ncanonical request:\n" + signed_request.canonical_request + "\nstring to sign:\n" +
             signed_request.string_to_sign;
    });
    std::optional<milliseconds> asked_wait;
    std::optional<Error> failure;
    bool refused = false;
    int status = 0;  // of the answer; none: no answer
    const auto fail = [&refused](const Error& error) {
      if (refused) throw Refusal(error);
      throw Error(error);
    };
    try {
      const http::Response response = [&] {
        const Waiting waiting("an answer of " + request.origin.text());
        return client.post(sessions_path, signed_request.headers, request.body, deadline);
      }();
      const auto theirs = server_time(response);
      status = response.status;
      if (response.status >= 200 && response.status < 300) {
        Credentials credentials = read_credentials(response, endpoint);
        if (credentials.expiration <= theirs.value_or(wall_clock() + skew)) {
          throw Error(ErrorKind::failed,
                      endpoint + " sent credentials that expired at " +
                          rfc3339(credentials.expiration) + ", by its own clock",
                      "is the endpoint really IAM Roles Anywhere, or does a cache answer for it?");
        }
        const seconds ahead = theirs ? *theirs - wall_clock() : seconds(0);
        if (std::chrono::abs(ahead) > tolerated_skew) credentials.clock_skew = ahead;
        bound_expiration(credentials, request.duration, reporter);
        return credentials;
      }
      failure = service_error(response, endpoint, identity, wall_clock());
      refused = is_from_service(response);
      const seconds off = theirs ? *theirs - wall_clock() : seconds(0);
      if (!skew_known && failure->kind() == ErrorKind::failed && response.status < 500 &&
          std::chrono::abs(off) > tolerated_skew) {
        skew = off;
        skew_known = true;
        reporter.warning("this machine's clock is " + rough_duration(off) +
                         (off > seconds(0) ? " behind" : " ahead of") +
                         " the service's; trying once more with the service's time. Set the clock");
        continue;
      }
      asked_wait = retry_after(response);
    } catch (const Error& error) {
      failure = error;
    }
    if (!is_tried_again(*failure, status)) {
      fail({failure->kind(), failure->what(), failure->hint(),
            asked_wait.value_or(milliseconds(0))});
    }
    const milliseconds wait = asked_wait ? *asked_wait : random_wait(attempt - 1);
    const bool in_time = wait < deadline.left();
    if (attempt == attempts || !in_time) {
      std::string what = failure->what();
      if (attempt > 1)
        what += " (attempt " + std::to_string(attempt) + " of " + std::to_string(attempts) + ")";
      if (attempt < attempts && asked_wait) {
        fail({ErrorKind::try_later, what,
              "the service asks to wait " + rough_duration(std::chrono::ceil<seconds>(wait)) +
                  ", longer than `timeout` leaves",
              wait});
      }
      fail({ErrorKind::try_later, what, failure->hint(), asked_wait.value_or(milliseconds(0))});
    }
    reporter.trace([&] {
      return std::string(failure->what()) + "\nnext attempt in " + std::to_string(wait.count()) +
             " ms";
    });
    const Waiting waiting("the next attempt, after this: " + std::string(failure->what()));
    std::this_thread::sleep_for(wait);
    ++attempt;
  }
}

}  // namespace rolecall::aws

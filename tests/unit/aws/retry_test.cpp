#include "aws/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "aws/service_error.h"
#include "base/time.h"
#include "unit/support/answers.h"
#include "unit/support/certificates.h"
#include "unit/support/clock.h"

namespace rolecall::aws {
namespace {

using namespace std::chrono_literals;
using test::answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const char* const denial = R"({"__type":"AccessDeniedException","message":"no"})";

class RetryTest : public testing::Test {
 protected:
  RetryTest() {
    request_.origin = {"https", "host", 443};
    request_.region = "eu-west-1";
    request_.body = "{}";
    request_.duration = 3600s;
  }

  template <class... Responses>
  void will_answer(Responses... responses) {
    answers_.clear();
    (answers_.push_back(std::move(responses)), ...);
  }

  Credentials send(int attempts = usual_attempts) {
    Reporter reporter;
    reporter.warn = [this](std::string_view text) { warnings_.emplace_back(text); };
    const Deadline deadline(30s, clock_);
    return send_with_retries(
        [this](const http::Headers& headers) {
          dates_.push_back(*http::find(headers, "x-amz-date"));
          if (answers_.empty()) throw Error(ErrorKind::try_later, "no connection", "check it");
          http::Response next = std::move(answers_.front());
          answers_.pop_front();
          return next;
        },
        request_, identity_, deadline, reporter, attempts);
  }

  // Returns the Error of a call that fails.
  Error failure(int attempts = usual_attempts) {
    try {
      send(attempts);
    } catch (const Error& error) {
      is_refusal_ = dynamic_cast<const ServiceRefusal*>(&error) != nullptr;
      is_outage_ = is_outage(error);
      return error;
    }
    ADD_FAILURE() << "there is no error";
    return {ErrorKind::usage, ""};
  }

  std::chrono::sys_seconds in(std::chrono::seconds time) const {
    return clock_.wall_seconds() + time;
  }
  http::Headers date(std::chrono::seconds ahead) const { return {{"Date", http_date(in(ahead))}}; }

  const test::Entity leaf_ = test::make(test::Recipe(), nullptr);
  const identity::Identity identity_{
      {test::der(leaf_.get()), "leaf"}, {}, identity::make_openssl_signer([this] {
        EVP_PKEY_up_ref(leaf_.key.get());
        return EvpPkeyPtr(leaf_.key.get());
      }())};
  SessionRequest request_;
  test::ManualClock clock_;
  std::deque<http::Response> answers_;
  std::vector<std::string> dates_;  // of the requests: when each was signed
  std::vector<std::string> warnings_;
  bool is_refusal_ = false;
  bool is_outage_ = false;
};

TEST_F(RetryTest, TakesTheFirstSession) {
  answers_.push_back(test::session_answer(in(3600s), date(0s)));
  const Credentials credentials = send();
  EXPECT_EQ(credentials.access_key_id, "ASIAEXAMPLE");
  EXPECT_EQ(credentials.expiration, in(3600s));
  EXPECT_EQ(credentials.clock_skew, 0s);
  EXPECT_THAT(dates_, ElementsAre("20261123T175152Z"));
  EXPECT_THAT(clock_.waits, SizeIs(0));
}

TEST_F(RetryTest, WaitsLongerEachTimeAndSignsAnew) {
  answers_.push_back(answer(503, ""));
  answers_.push_back(answer(500, ""));
  answers_.push_back(test::session_answer(in(3600s)));
  send();
  ASSERT_THAT(clock_.waits, SizeIs(2));
  EXPECT_LT(clock_.waits[0], 1s);
  EXPECT_LT(clock_.waits[1], 2s);
  ASSERT_THAT(dates_, SizeIs(3));
  EXPECT_EQ(dates_[2], amz_date(clock_.wall_seconds()));
}

TEST_F(RetryTest, GivesUpAfterTheLastAttempt) {
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::try_later);
  EXPECT_STREQ(error.what(), "no connection (attempt 3 of 3)");
  EXPECT_EQ(error.hint(), "check it");
  EXPECT_FALSE(is_refusal_);
  EXPECT_THAT(dates_, SizeIs(3));
  EXPECT_STREQ(failure(1).what(), "no connection");
  EXPECT_THAT(dates_, SizeIs(4));
}

TEST_F(RetryTest, DoesNotRepeatFailuresThatStay) {
  for (const int status : {400, 403, 404, 501, 505}) {
    dates_.clear();
    will_answer(answer(status, denial));
    failure();
    EXPECT_THAT(dates_, SizeIs(1)) << status;
    EXPECT_TRUE(is_refusal_) << status;
  }
  for (const int status : {429, 500, 502, 503, 504}) {
    dates_.clear();
    will_answer(answer(status, denial), test::session_answer(in(3600s)));
    send();
    EXPECT_THAT(dates_, SizeIs(2)) << status;
  }
}

// Only then may another endpoint be asked.
TEST_F(RetryTest, DistinguishesAnOutageFromARefusal) {
  failure();  // no connection
  EXPECT_TRUE(is_outage_);
  for (const int status : {500, 501, 502, 503, 504}) {
    for (const char* body : {denial, "<html>"}) {
      will_answer(answer(status, body), answer(status, body), answer(status, body));
      failure();
      EXPECT_TRUE(is_outage_) << status << body;
    }
  }
  for (const int status : {200, 301, 400, 403, 404, 429}) {
    for (const char* body : {denial, "<html>"}) {
      will_answer(answer(status, body), answer(status, body), answer(status, body));
      failure();
      EXPECT_FALSE(is_outage_) << status << body;
    }
  }
}

TEST_F(RetryTest, DistinguishesTheServiceFromAProxy) {
  will_answer(answer(403, "<html>"));
  failure();
  EXPECT_FALSE(is_refusal_);
  will_answer(answer(200, "<html>"));
  EXPECT_THAT(failure().what(), HasSubstr("is not a session"));
  EXPECT_FALSE(is_refusal_);
  EXPECT_THAT(dates_, SizeIs(2));
}

TEST_F(RetryTest, WaitsAsLongAsTheServiceAsks) {
  will_answer(answer(503, "", {{"Retry-After", "7"}}),
              answer(503, "", {{"Retry-After", http_date(in(7s + 9s))}}),
              test::session_answer(in(3600s)));
  send();
  EXPECT_THAT(clock_.waits, ElementsAre(7s, 9s));
  clock_.waits.clear();
  will_answer(answer(503, R"({"retryAfterSeconds":4})"), test::session_answer(in(3600s)));
  send();
  EXPECT_THAT(clock_.waits, ElementsAre(4s));
}

TEST_F(RetryTest, CountsADateByTheServicesClock) {
  http::Headers headers = date(1h);
  headers.push_back({"Retry-After", http_date(in(1h + 5s))});
  will_answer(answer(503, "", headers), test::session_answer(in(3600s)));
  send();
  EXPECT_THAT(clock_.waits, ElementsAre(5s));
}

TEST_F(RetryTest, DoesNotWaitPastTheDeadline) {
  will_answer(answer(503, "", {{"Retry-After", "30"}}));
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::try_later);
  EXPECT_THAT(error.hint(), HasSubstr("the service asks for a wait of 30 seconds"));
  EXPECT_EQ(error.retry_after(), 30s);
  EXPECT_THAT(clock_.waits, SizeIs(0));
}

TEST_F(RetryTest, SignsOnceWithTheServicesTime) {
  for (const auto ahead : {10min, -10min}) {
    dates_.clear();
    will_answer(answer(403, denial, date(ahead)),
                test::session_answer(in(ahead + 1h), date(ahead)));
    const Credentials credentials =
        send(1);  // the correction of the clock does not count as an attempt
    EXPECT_THAT(dates_, ElementsAre(amz_date(in(0s)), amz_date(in(ahead))));
    EXPECT_EQ(credentials.clock_skew, ahead);
    will_answer(answer(403, denial, date(ahead)), answer(403, denial, date(ahead)));
    dates_.clear();
    failure();
    EXPECT_THAT(dates_, SizeIs(2));
  }
  EXPECT_THAT(warnings_[0], HasSubstr("this machine's clock is 10 minutes behind the service's"));
  EXPECT_THAT(warnings_[2], HasSubstr("10 minutes ahead of the service's"));
  EXPECT_THAT(clock_.waits, SizeIs(0));
}

TEST_F(RetryTest, TrustsAClockThatIsNearlyRight) {
  will_answer(answer(403, denial, date(4min)));
  failure();
  EXPECT_THAT(dates_, SizeIs(1));
  EXPECT_THAT(warnings_, SizeIs(0));
}

TEST_F(RetryTest, RefusesCredentialsThatHaveExpired) {
  will_answer(test::session_answer(in(-1s), date(0s)));
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::failed);
  EXPECT_THAT(error.what(), HasSubstr("expired at"));
  // By the service's clock, the credentials have not expired.
  will_answer(test::session_answer(in(-1s), date(-1h)));
  EXPECT_EQ(send().clock_skew, -1h);
}

TEST_F(RetryTest, NoSessionLastsLongerThanRequested) {
  will_answer(test::session_answer(in(3600s + 300s)));
  EXPECT_EQ(send().expiration, in(3900s));  // clocks may differ by this much
  will_answer(test::session_answer(in(3600s + 301s)));
  EXPECT_EQ(send().expiration, in(3600s));
}

}  // namespace
}  // namespace rolecall::aws

#include "aws/fallback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "aws/service_error.h"
#include "unit/support/clock.h"

namespace rolecall::aws {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

enum class Answer { credentials, silence, no_connection, service_5xx, refusal, own_fault };

class AskInOrderTest : public testing::Test {
 protected:
  // Returns the key id.
  std::string ask(std::deque<Answer> answers) {
    answers_ = std::move(answers);
    asked_.clear();
    outages_.clear();
    const std::vector<std::string> names = {"a", "b", "c"};
    return ask_in_order({names, 30s,
                         [this](std::size_t which, milliseconds time) {
                           asked_.emplace_back(which, time);
                           return answer(which, time);
                         },
                         [this](std::size_t which, const Error& error) {
                           outages_.push_back(std::to_string(which) + " " + error.what());
                         }},
                        clock_)
        .access_key_id;
  }
  Error failure(std::deque<Answer> answers) {
    try {
      ask(std::move(answers));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "there is no error";
    return {ErrorKind::usage, ""};
  }

  Credentials answer(std::size_t which, milliseconds time) {
    const Answer answer = answers_.at(which);
    Credentials made;
    made.access_key_id = "ID" + std::to_string(which);
    const Error error(ErrorKind::try_later, "failure " + std::to_string(which), "hint", 5s);
    switch (answer) {
      case Answer::credentials:
        return made;
      case Answer::silence:
        clock_.pass(time);
        throw Outage(error);
      case Answer::no_connection:
        throw Outage(error);
      case Answer::service_5xx:
        throw ServiceRefusal(error, true);
      case Answer::refusal:
        throw ServiceRefusal(Error(ErrorKind::failed, error.what(), error.hint()), false);
      case Answer::own_fault:
        break;
    }
    throw Error(error);
  }

  using Asked = std::pair<std::size_t, milliseconds>;
  test::ManualClock clock_;
  std::deque<Answer> answers_;
  std::vector<Asked> asked_;
  std::vector<std::string> outages_;
};

TEST_F(AskInOrderTest, TheFirstAnswerCounts) {
  EXPECT_EQ(ask({Answer::credentials}), "ID0");
  EXPECT_THAT(asked_, ElementsAre(Asked(0, 10s)));
  EXPECT_TRUE(outages_.empty());
}

TEST_F(AskInOrderTest, EachHasAnEqualPartOfTheTime) {
  EXPECT_EQ(ask({Answer::silence, Answer::silence, Answer::credentials}), "ID2");
  EXPECT_THAT(asked_, ElementsAre(Asked(0, 10s), Asked(1, 10s), Asked(2, 10s)));
  EXPECT_THAT(outages_, ElementsAre("1 failure 0", "2 failure 1"));
}

TEST_F(AskInOrderTest, WhatOneLeavesIsForTheOthers) {
  EXPECT_EQ(ask({Answer::no_connection, Answer::service_5xx, Answer::credentials}), "ID2");
  EXPECT_THAT(asked_, ElementsAre(Asked(0, 10s), Asked(1, 15s), Asked(2, 30s)));
}

TEST_F(AskInOrderTest, RefusalsAndFaultsOfThisMachineAreFinal) {
  for (const Answer answer : {Answer::refusal, Answer::own_fault}) {
    EXPECT_STREQ(failure({answer}).what(), "failure 0");
    EXPECT_THAT(asked_, ElementsAre(Asked(0, 10s)));
    const Error error = failure({Answer::no_connection, answer});
    EXPECT_STREQ(error.what(), "failure 0; binding b: failure 1");
    // The first endpoint may come back.
    EXPECT_EQ(error.kind(), ErrorKind::try_later);
    EXPECT_EQ(error.retry_after(), answer == Answer::refusal ? 0s : 5s);
    EXPECT_EQ(asked_.size(), 2U);
  }
}

TEST_F(AskInOrderTest, IfNoneAnswersAllReasonsAreShown) {
  EXPECT_STREQ(failure({Answer::silence, Answer::no_connection, Answer::service_5xx}).what(),
               "failure 0; binding b: failure 1; binding c: failure 2");
}

// A person who types a password may need longer than the whole timeout.
TEST_F(AskInOrderTest, NoneGetsLessThanItsPart) {
  const std::vector<std::string> names = {"a", "b"};
  std::vector<milliseconds> times;
  EXPECT_THROW(ask_in_order({names, 10s,
                             [&](std::size_t, milliseconds time) -> Credentials {
                               times.push_back(time);
                               clock_.pass(60s);
                               throw Outage(Error(ErrorKind::try_later, "no"));
                             },
                             [](std::size_t, const Error&) {}},
                            clock_),
               Error);
  EXPECT_THAT(times, ElementsAre(5s, 5s));
}

}  // namespace
}  // namespace rolecall::aws

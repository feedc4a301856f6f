#include "serve/request_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

using test::after;
using test::now;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class RequestLogTest : public testing::Test {
 protected:
  LoggedResponse grant_of(const Binding& binding) {
    LoggedResponse logged = text_response("imds/credentials", 200, "");
    logged.credentials_of = &binding;
    return logged;
  }
  void refuse(const std::string& path = "/nowhere", aws::Instant when = now) {
    requests.note(test::request("GET", path), error_response("other", 404, "NotFound", "nothing"),
                  when);
  }
  void give(const std::string& peer, const Binding& binding, aws::Instant when = now) {
    http::Request request = test::request("GET", "/credentials/x");
    request.peer = peer;
    requests.note(request, grant_of(binding), when);
  }
  // How many grants the log has.
  std::size_t grants(const std::string& with = "") const {
    std::size_t count = 0;
    for (const json& event : events) {
      if (event.at("event") != "gave credentials" || event.dump().find(with) == std::string::npos)
        continue;
      count += std::stoul(event.value("count", "1"));
    }
    return count;
  }

  std::vector<json> events;
  bool takes_lines = true;
  Log log{Log::Format::json, [this](const std::string& line) {
            if (takes_lines) events.push_back(json::parse(line));
            return takes_lines;
          }};
  Binding first{test::binding_options("first")};
  Binding second{test::binding_options("second")};
  ClientUsers users{{"10.0.0.1", 9911, false}};
  RequestLog requests{log, users};
};

TEST_F(RequestLogTest, RefusalsDoNotReplaceGrants) {
  for (int i = 0; i < 1000; ++i)
    refuse();
  give("10.0.0.7:1", first);
  for (int i = 0; i < 1000; ++i)
    refuse();
  ASSERT_EQ(events.size(), 21U);
  EXPECT_EQ(events.back().at("event"), "gave credentials");
  EXPECT_EQ(events.back().at("peer"), "10.0.0.7:1");
  requests.tick(after(1s));
  EXPECT_EQ(events.back().at("count"), "1980");
}

TEST_F(RequestLogTest, AFloodOfOneClientHidesNoOther) {
  for (int i = 0; i < 1000; ++i)
    give("10.0.0.7:" + std::to_string(i), first);
  give("10.0.0.8:1", first);
  give("10.0.0.7:1", second);
  EXPECT_EQ(events.size(), 22U);
  requests.tick(after(1s));
  EXPECT_EQ(events.size(), 23U);
  EXPECT_EQ(events.back().at("count"), "980");
  EXPECT_EQ(events.back().at("peer"), "10.0.0.7");
  EXPECT_EQ(events.back().at("binding"), "first");
  EXPECT_EQ(grants(), 1002U);
  requests.tick(after(2s));
  EXPECT_EQ(events.size(), 23U);
}

TEST_F(RequestLogTest, LinesThatCouldNotBeWrittenAreCountedLater) {
  takes_lines = false;
  for (int i = 0; i < 100; ++i) {
    refuse();
    give("10.0.0.7:1", first, after(i * 500ms));
  }
  give("10.0.0.8:1", second, after(60s));
  takes_lines = true;
  requests.tick(after(70s));
  EXPECT_EQ(grants("10.0.0.7"), 100U);
  EXPECT_EQ(grants("10.0.0.8"), 1U);
  EXPECT_EQ(events.back().at("count"), "100");  // refusals
}

TEST_F(RequestLogTest, CountsARefusalThatCouldNotBeWritten) {
  takes_lines = false;
  refuse();
  requests.note_unreadable(400, now);
  takes_lines = true;
  requests.tick(after(1s));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events.back().at("count"), "2");
}

TEST_F(RequestLogTest, UnreadableRequestsAreRefusals) {
  for (int i = 0; i < 30; ++i)
    requests.note_unreadable(400, now);
  refuse();
  requests.tick(after(1s));
  ASSERT_EQ(events.size(), 21U);
  EXPECT_EQ(events.front().at("event"), "refused a request");
  EXPECT_EQ(events.front().at("status"), "400");
  EXPECT_EQ(events.back().at("count"), "11");
}

TEST_F(RequestLogTest, LogsSumsAtTheEnd) {
  {
    RequestLog other(log, users);
    for (int i = 0; i < 30; ++i)
      other.note(test::request("GET", "/"), grant_of(first), now);
  }
  EXPECT_EQ(grants(), 30U);
}

TEST_F(RequestLogTest, ShowsThePathOfARefusal) {
  refuse("/latest/meta-data/instance-id");
  EXPECT_EQ(events.back().at("path"), "/latest/meta-data/instance-id");
  refuse("/a, uid=0\n\"\x1b[31m\xc3\xa4");
  EXPECT_EQ(events.back().at("path"), "/a%2C%20uid=0%0A%22%1B[31m%C3%A4");
  refuse("/" + std::string(5000, 'a'));
  EXPECT_EQ(events.back().at("path"), "/" + std::string(199, 'a') + "…");
}

}  // namespace
}  // namespace rolecall::serve

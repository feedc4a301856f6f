#include "serve/log.h"

#include <gtest/gtest.h>
#include <limits.h>

#include <vector>

#include "base/json.h"

namespace rolecall::serve {
namespace {

class LogTest : public testing::Test {
 protected:
  Log log(Log::Format format) {
    return {format, [this](const std::string& line) {
              lines.push_back(line);
              return true;
            }};
  }
  std::vector<std::string> lines;
};

// A pipe does not accept a longer line as a whole, so the line would be lost.
TEST_F(LogTest, ShortensValuesThatAreTooLongForALine) {
  for (const std::string& part : {std::string("a"), std::string("ä"), std::string("\x01"),
                                  std::string("\xff"), std::string("\""), std::string("😀")}) {
    std::string value;
    while (value.size() < 9000)
      value += part;
    for (const auto format : {Log::Format::text, Log::Format::timed_text, Log::Format::json}) {
      lines.clear();
      log(format).warning(value, {{"binding", "billing"}, {"reason", value}, {"subject", value}});
      ASSERT_EQ(lines.size(), 1U);
      const std::string& line = lines.front();
      EXPECT_LE(line.size(), std::size_t{PIPE_BUF});
      EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
      EXPECT_NE(line.find("billing"), std::string::npos);
      if (format != Log::Format::json) {
        EXPECT_NE(line.find("…, binding=billing, reason="), std::string::npos);
        continue;
      }
      const json event = json::parse(line);
      EXPECT_EQ(event.at("level"), "warning");
      for (const char* name : {"event", "reason", "subject"}) {
        EXPECT_TRUE(event.at(name).get<std::string>().ends_with("…")) << name;
      }
    }
  }
}

TEST_F(LogTest, ShortensNothingElse) {
  const std::string value(3000, 'a');
  log(Log::Format::text).info("event", {{"reason", value}, {"subject", value.substr(0, 900)}});
  EXPECT_EQ(lines.front(),
            "rolecall: event, reason=" + value + ", subject=" + value.substr(0, 900) + "\n");
}

}  // namespace
}  // namespace rolecall::serve

#include <gtest/gtest.h>
#include <limits.h>

#include "base/json.h"
#include "emulate/emulator.h"

namespace rolecall::emulate {
namespace {

// A longer line is dropped. Bytes that are no UTF-8 become six times as many.
TEST(EmulatorLog, ALineFitsIntoAPipe) {
  for (const std::string& part : {std::string("a"), std::string("\xff"), std::string("\x01")}) {
    std::string text;
    for (int i = 0; i < 5000; ++i)
      text += part;
    LogEntry entry;
    entry.method = entry.path = entry.error = entry.reason = entry.subject = text;
    entry.role = entry.session_name = text;
    entry.peer = "127.0.0.1:40404";
    const std::string line = log_line(entry, std::chrono::milliseconds(1)) + "\n";
    EXPECT_LE(line.size(), std::size_t{PIPE_BUF});
    EXPECT_EQ(json::parse(line).at("peer"), entry.peer);
  }
}

}  // namespace
}  // namespace rolecall::emulate

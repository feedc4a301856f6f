#include "terminal/table.h"

#include <gtest/gtest.h>

namespace rolecall::cli {
namespace {

TEST(Table, PutsColumnsBelowTheirHeaders) {
  EXPECT_EQ(table({{"NAME", "ROLE"}, {"billing", "r"}, {"b", "role"}}),
            "NAME     ROLE\n"
            "billing  r\n"
            "b        role\n");
}

TEST(Table, EndsNoLineInABlank) {
  EXPECT_EQ(table({{"NAME", "ROLE"}, {"billing", ""}}),
            "NAME     ROLE\n"
            "billing\n");
}

TEST(Table, MayBeEmpty) {
  EXPECT_EQ(table({}), "");
}

TEST(Table, CountsTheColumnsOfATerminal) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("M\u00fcller"), 6U);
  EXPECT_EQ(display_width("u\u0308"), 1U);       // with a combining mark
  EXPECT_EQ(display_width("\u8acb\u6c42"), 4U);  // CJK
  EXPECT_EQ(display_width("\uff76"), 1U);        // halfwidth katakana
  EXPECT_EQ(display_width("\U0001f511"), 2U);    // a picture of a key
  EXPECT_EQ(display_width("\u2026"), 1U);
  EXPECT_EQ(table({{"A", "B"}, {"\u8acb\u6c42", "x"}}), "A     B\n\u8acb\u6c42  x\n");
}

}  // namespace
}  // namespace rolecall::cli

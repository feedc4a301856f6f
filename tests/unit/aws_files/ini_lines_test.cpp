#include "aws_files/ini_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolecall::aws {
namespace {

using testing::ElementsAre;
using Kind = IniLine::Kind;

std::vector<Kind> kinds(std::string_view file) {
  std::vector<Kind> found;
  for (const IniLine& line : ini_lines(file))
    found.push_back(line.kind);
  return found;
}

// Returns the only option of a section.
std::string option(const std::string& text) {
  const std::string file = "[a]\n" + text;
  const IniLine line = ini_lines(file).at(1);
  if (line.kind != Kind::option) return "no option";
  return line.name + "|" + file.substr(line.value, line.end - line.value);
}

std::string header(std::string_view text) {
  const IniLine line = ini_lines(text).at(0);
  return line.kind == Kind::header ? line.name : "no header";
}

TEST(IniLines, KnowsEachKind) {
  EXPECT_THAT(kinds("# c\n; c\n\n[a]\nk = v\n  more\nx: y\n"),
              ElementsAre(Kind::other, Kind::other, Kind::other, Kind::header, Kind::option,
                          Kind::continuation, Kind::option));
  EXPECT_THAT(kinds(""), ElementsAre());
}

TEST(IniLines, KnowsWhatTheAwsCliCannotRead) {
  EXPECT_THAT(kinds("k = v\n[a]\nword\n= v\n"),
              ElementsAre(Kind::unreadable, Kind::header, Kind::unreadable, Kind::unreadable));
  // An indented line below a header is not part of a value.
  EXPECT_THAT(kinds("[a]\nword\n  k = v\n"),
              ElementsAre(Kind::header, Kind::unreadable, Kind::option));
}

TEST(IniLines, LinesEndInThreeWays) {
  const std::string file = "[a]\r\nk = v\rx = y\n";
  const auto lines = ini_lines(file);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].next, 5U);
  EXPECT_EQ(lines[1].begin, 5U);
  EXPECT_EQ(lines[1].end, 10U);
  EXPECT_EQ(lines[1].next, 11U);
  EXPECT_EQ(lines[2].next, file.size());
}

TEST(IniLines, AByteOrderMarkBelongsToNone) {
  const std::string file = std::string(byte_order_mark) + "[a]\n";
  EXPECT_EQ(ini_lines(file).at(0).begin, byte_order_mark.size());
  EXPECT_EQ(header(file), "a");
}

TEST(IniLines, NamesAHeader) {
  EXPECT_EQ(header("[a b]"), "a b");
  EXPECT_EQ(header("  [a]  "), "a");
  EXPECT_EQ(header("[a]b]"), "a]b");
  EXPECT_EQ(header("[a] # b]"), "a");
  EXPECT_EQ(header("[]"), "no header");
  EXPECT_EQ(header("[a"), "no header");
}

TEST(IniLines, TakesAnOptionApart) {
  EXPECT_EQ(option("K = v"), "k|v");
  EXPECT_EQ(option("k:v"), "k|v");
  EXPECT_EQ(option("k=a = b: c "), "k|a = b: c");
  EXPECT_EQ(option("k ="), "k|");
  EXPECT_EQ(option("k = v # no comment"), "k|v # no comment");
  EXPECT_EQ(option("k\u00a0=\u2003v\u3000"), "k|v");  // as Python strips
}

TEST(IniLines, IndentationMakesAContinuation) {
  EXPECT_THAT(kinds("[a]\n  k = v\n  x = y\n"),
              ElementsAre(Kind::header, Kind::option, Kind::option));
  EXPECT_THAT(kinds("[a]\n k = v\n  x = y\n"),
              ElementsAre(Kind::header, Kind::option, Kind::continuation));
  // Each counts as one character, however many bytes it has.
  EXPECT_THAT(kinds("[a]\n\u00a0k = v\n x = y\n"),
              ElementsAre(Kind::header, Kind::option, Kind::option));
  const auto lines = ini_lines("[a]\nk = v\n  [b]\n");
  EXPECT_EQ(lines[2].kind, Kind::continuation);
  EXPECT_EQ(lines[2].name, "b");
}

}  // namespace
}  // namespace rolecall::aws

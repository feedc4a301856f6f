// Files whose lines end in more than one way: every line that an edit does not concern stays a
// line.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "aws_files/ini_edit.h"
#include "aws_files/ini_lines.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

std::string edit_three_keys(std::string_view file, std::optional<std::string_view> value) {
  const EditedFile edited =
      edit_section("the file", file, "a", {{"k1", value}, {"k2", value}, {"k3", value}});
  return std::string(edited.bytes.view());
}

// The texts of all lines except those of the three keys and their values.
std::vector<std::string> other_lines(std::string_view file) {
  std::vector<std::string> texts;
  bool ours = false;
  bool in_section = false;
  for (const IniLine& line : ini_lines(file)) {
    if (line.kind == IniLine::Kind::header) in_section = line.name == "a";
    if (line.kind == IniLine::Kind::option)
      ours = in_section && (line.name == "k1" || line.name == "k2" || line.name == "k3");
    const bool is_value =
        line.kind == IniLine::Kind::option || line.kind == IniLine::Kind::continuation;
    if (line.kind == IniLine::Kind::header || !ours || !is_value)
      texts.emplace_back(file.substr(line.begin, line.end - line.begin));
    if (line.kind == IniLine::Kind::header) ours = false;
  }
  return texts;
}

TEST(IniLineEnds, AnEmptyLineAfterABareCrStaysALine) {
  EXPECT_EQ(edit_three_keys("\n[a]\rk1:\r\vW\n\n", "v"), "\n[a]\rk1:v\rk2 = v\rk3 = v\r\n\n");
  EXPECT_EQ(edit_three_keys("[a]\rx = 1\rk1 = v\n\n", std::nullopt), "[a]\rx = 1\r\n\n");
  EXPECT_EQ(edit_three_keys("[a]\r\nk1 = o\r\n\r\n", "v"),
            "[a]\r\nk1 = v\r\nk2 = v\r\nk3 = v\r\n\r\n");
  EXPECT_EQ(edit_three_keys("[a]\rk1 = o\r\rx = 1", "v"), "[a]\rk1 = v\rk2 = v\rk3 = v\r\rx = 1");
}

TEST(IniLineEnds, NoOtherLineIsLostOrAdded) {
  const std::vector<std::string> texts = {"",       "",      "x = 1",  "k1 = o", "k2 =",   "k3:o",
                                          "\vmore", "  and", "# c",    "  # c",  "[b]",    "",
                                          "K1 = o", "y",     "k1 = o", "k3=",    "  value"};
  const std::vector<std::string> ends = {"\n", "\r", "\r\n", "\r", "\n"};
  int edited = 0;
  for (unsigned seed = 0; seed < 15000; ++seed) {
    std::mt19937 random(seed);
    std::string file = "[a]" + ends[random() % ends.size()];
    for (unsigned size = static_cast<unsigned>(random() % 9); size > 0; --size)
      file += texts[random() % texts.size()] + ends[random() % ends.size()];
    for (const std::optional<std::string_view> value :
         {std::optional<std::string_view>("v"), std::optional<std::string_view>()}) {
      std::string after;
      try {
        after = edit_three_keys(file, value);
      } catch (const Error&) {
        continue;  // refused: the edit would remove a line
      }
      ++edited;
      ASSERT_EQ(other_lines(after), other_lines(file)) << "seed " << seed << "\n" << file;
      ASSERT_EQ(edit_three_keys(after, value), after) << "seed " << seed;
    }
  }
  EXPECT_GT(edited, 22000);
}

}  // namespace
}  // namespace rolecall::aws

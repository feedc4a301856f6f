#include "base/unicode.h"

#include <gtest/gtest.h>

namespace rolecall {
namespace {

TEST(Unicode, CodePoints) {
  EXPECT_EQ(code_points("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), U"aä€😀");
  EXPECT_EQ(code_points("\xff"
                        "b\xC3"),
            U"\uFFFD"
            U"b\uFFFD");
  EXPECT_EQ(code_points(std::string_view("\0", 1)).size(), 1U);
}

TEST(Unicode, LettersSeparatorsAndNumbers) {
  for (const char32_t c : U" aZ09äßµªº²¼éĀſƀΩЖא漢字ひカ한आกﷺ①Ⅷ٣०ℵ\u00A0\u2003\u2028\u3000𝒳𠀀")
    EXPECT_EQ(is_letter_separator_or_number(c), c != 0) << static_cast<unsigned>(c);
  for (const char32_t c :
       U"\t\n!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~\u007F\u0085«»©®°·×÷–—’“”…€™→∑■☺、。「」"
       U"\u0301\u093F\u200B\u200D\u202E\uFEFF\uFFFD😀\U000E0041\U0010FFFF")
    EXPECT_FALSE(is_letter_separator_or_number(c)) << static_cast<unsigned>(c);
}

// Of all that are assigned Unicode 14 has 131,756 letters, 1,791 numbers and 19 separators; the
// table takes what lies unassigned between two of them as one, too.
TEST(Unicode, TheTableIsWhole) {
  std::size_t count = 0;
  for (char32_t c = 0; c < 0x30000; ++c)
    if (is_letter_separator_or_number(c)) ++count;
  EXPECT_EQ(count, 163697U);
}

}  // namespace
}  // namespace rolecall

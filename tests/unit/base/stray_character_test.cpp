#include "base/stray_character.h"

#include <gtest/gtest.h>

namespace rolecall {
namespace {

std::string found(std::string_view value, Stray where) {
  const auto stray = find_stray_character(value, where);
  return stray ? stray->text + "; " + stray->hint : "";
}

TEST(StrayCharacter, IsNamedInTheSameWordsAtTheEndsOfEveryValue) {
  for (const Stray where : {Stray::ends, Stray::anywhere}) {
    EXPECT_EQ(found("", where), "");
    EXPECT_EQ(found("eu-west-1", where), "");
    EXPECT_EQ(found("it's", where), "");
    EXPECT_EQ(found(" x", where), "a space at its beginning; remove it");
    EXPECT_EQ(found("x \t ", where), "a space at its end; remove it");
    EXPECT_EQ(found(" ", where), "a space at its beginning; remove it");
    EXPECT_TRUE(found("x\r\n", where).starts_with("a carriage return at its end; the value"));
    EXPECT_TRUE(found("`x`", where).starts_with("a quotation mark (`) at its beginning; quotes"));
    EXPECT_TRUE(found("x\"\n", where).starts_with("a quotation mark (\") at its end; quotes"));
    EXPECT_TRUE(found("x\u2019", where).starts_with("a curly quotation mark at its end; an ed"));
    EXPECT_EQ(found("\ufeffx", where), "an invisible character at its beginning; remove it");
    EXPECT_EQ(found("x\u00a0", where), "a no-break space at its end; remove it");
  }
}

TEST(StrayCharacter, IsFoundInTheMiddleWhereNothingButAsciiMayStand) {
  EXPECT_EQ(found("a\u200bb", Stray::anywhere), "an invisible character after \"a\"; remove it");
  EXPECT_EQ(found("a b ", Stray::anywhere), "a space after \"a\"; remove it");
  EXPECT_EQ(found("aé", Stray::anywhere), "a character that is not ASCII at its end; remove it");
  EXPECT_EQ(found("a\x01", Stray::anywhere), "a control character at its end; remove it");
  EXPECT_EQ(found("a b", Stray::ends), "");
  EXPECT_EQ(found("é", Stray::ends), "");
}

}  // namespace
}  // namespace rolecall

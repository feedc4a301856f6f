#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "rolecall/secret.h"

namespace rolecall {
namespace {

template <class... Parts>
concept CanBeCat = requires(const Parts&... parts) {
  cat(parts...);
};

static_assert(CanBeCat<std::string, std::string_view, char, const char*, long, std::uint16_t>);
static_assert(!CanBeCat<Secret> && !CanBeCat<bool> && !CanBeCat<double> && !CanBeCat<std::uint8_t>);

TEST(Text, CatJoinsTextsCharactersAndNumbers) {
  const std::string text = "file";
  EXPECT_EQ(cat(text, ' ', std::string_view("name"), ": ", 1, "/", std::size_t{2}),
            "file name: 1/2");
  EXPECT_EQ(cat(), "");
  EXPECT_EQ(
      cat(std::numeric_limits<std::int64_t>::min(), ' ', std::numeric_limits<std::uint64_t>::max()),
      "-9223372036854775808 18446744073709551615");
}

TEST(Text, JoinPutsTheSeparatorBetween) {
  EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
  EXPECT_EQ(join(std::vector<std::string>{"a"}, ", "), "a");
  EXPECT_EQ(join(std::vector<std::string>{"", "b", ""}, ", "), ", b, ");
  EXPECT_EQ(join(std::vector{1, 20}, ":"), "1:20");
  EXPECT_EQ(join(std::vector{1, 2}, " ", [](int i) { return std::string(2, i == 1 ? 'a' : 'b'); }),
            "aa bb");
}

TEST(Text, ListedEndsWithTheConjunction) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(list_text(Words{}, "or"), "");
  EXPECT_EQ(list_text(Words{"a"}, "or"), "a");
  EXPECT_EQ(list_text(Words{"a", "b"}, "or"), "a or b");
  EXPECT_EQ(list_text(Words{"a", "b", "c"}, "and"), "a, b and c");
  EXPECT_EQ(list_text(std::array<std::string_view, 2>{"a", "b"}, "and"), "a and b");
}

TEST(Text, ParseNumberTakesTheWholeTextAlone) {
  EXPECT_EQ(parse_number<int>("0"), 0);
  EXPECT_EQ(parse_number<int>("007"), 7);
  EXPECT_EQ(parse_number<int>("-5"), -5);
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_number<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"", "-", "+5", " 5", "5 ", "5x", "0x5", "1.0", "1e3", "٥", "2147483648"})
    EXPECT_EQ(parse_number<int>(text), std::nullopt) << text;
  EXPECT_EQ(parse_number<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint16_t>("-1"), std::nullopt);
  EXPECT_EQ(parse_number<int>(std::string_view("5\0", 2)), std::nullopt);
}

TEST(Text, OnlyKnowsItsSets) {
  EXPECT_TRUE(only("Abz-9", letters_and_digits, "-"));
  EXPECT_TRUE(only("Zz", ascii_letters) && only("az", lower_letters) && only("09", ascii_digits));
  EXPECT_FALSE(only("A", lower_letters) || only("9", ascii_letters) || only("z", ascii_digits));
  EXPECT_TRUE(only("00ff", lower_hex_digits));
  EXPECT_FALSE(only("00fg", lower_hex_digits) || only("FF", lower_hex_digits));
  EXPECT_FALSE(only("", letters_and_digits));
  EXPECT_FALSE(only("a b", letters_and_digits) || only("ä", letters_and_digits));
  EXPECT_FALSE(only(std::string_view("a\0", 2), letters_and_digits));
}

TEST(Text, VisibleIsPrintableAsciiWithoutBlanks) {
  EXPECT_TRUE(is_visible("!~azAZ09"));
  EXPECT_FALSE(is_visible(""));
  for (int byte = 0; byte < 256; ++byte)
    EXPECT_EQ(is_visible(static_cast<char>(byte)), byte > 32 && byte < 127) << byte;
  EXPECT_FALSE(is_visible("a b") || is_visible("a\n") || is_visible("ä"));
}

}  // namespace
}  // namespace rolecall

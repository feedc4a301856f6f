#include "base/codec.h"

#include <gtest/gtest.h>

#include <random>

namespace rolecall {
namespace {

std::string random_bytes(std::mt19937& random, std::size_t longest) {
  std::string bytes(random() % (longest + 1), '\0');
  for (char& byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

// RFC 4648, section 10.
TEST(Codec, KnownBase64) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Codec, KnownHexAndSha256) {
  EXPECT_EQ(hex_encode(std::string("\x00\xff\x10", 3)), "00ff10");
  // FIPS 180-4, the message of length 0.
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Codec, WhatIsEncodedDecodesToItself) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = random_bytes(random, 100);
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(Codec, DecodedTextEncodesToItselfOrIsRefused) {
  static constexpr std::string_view alphabet = "AB+/=9 z\n-";
  std::mt19937 random(2);
  int taken = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text(random() % 3 * 4, ' ');
    for (char& c : text)
      c = alphabet[random() % alphabet.size()];
    const auto bytes = base64_decode(text);
    if (!bytes) continue;
    ++taken;
    // The unused bits of the last group may differ; the length may not.
    EXPECT_EQ(base64_encode(*bytes).size(), text.size()) << text;
  }
  EXPECT_GT(taken, 0);
}

TEST(Codec, RefusesMalformedText) {
  for (const char* text : {"Zg=", "Zg", "Z===", "====", "Zm9v\n", "Zm 9", "Zm9vYg=a", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  for (const char* text : {"0", "0g", "0x", " 0"})
    EXPECT_FALSE(hex_decode(text)) << text;
  for (const char* text : {"%", "%2", "%zz", "a%"})
    EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(Codec, PercentDecodes) {
  EXPECT_EQ(percent_decode("a%2Fb%3d+c"), "a/b=+c");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(Codec, TerminalSafeTextKeepsLettersAndDropsControls) {
  EXPECT_EQ(terminal_safe("CN=Müller, 東京 €…"), "CN=Müller, 東京 €…");
  EXPECT_EQ(terminal_safe("a\x1b[31mb\r\nc\x7f"), "a [31mb  c ");
  EXPECT_EQ(terminal_safe("a\u009bb\u0085c"), "a b c");                    // C1
  EXPECT_EQ(terminal_safe("a\u202eb\u2066c\u200fd\u2028e"), "a b c d e");  // bidirectional, lines
  EXPECT_EQ(terminal_safe("\xe2\x80 caf\xe9 \xc0\xaf"), "?? caf? ??");     // cut off
  // A lone byte, a surrogate, beyond the last character.
  EXPECT_EQ(terminal_safe("\xa0|\xed\xa0\x80|\xf4\x90\x80\x80|\xff"), "?|???|????|?");
}

TEST(Codec, AnyBytesBecomeSafeAtOnce) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes;
    for (std::size_t n = random() % 12; n > 0; --n)
      bytes += static_cast<char>(random() % 2 == 0 ? random() % 256 : 0x80 + random() % 0x80);
    const std::string text = terminal_safe(bytes);
    EXPECT_EQ(terminal_safe(text), text);
    for (const char c : text)
      EXPECT_FALSE((c >= 0 && c < 0x20) || c == 0x7f);
  }
}

TEST(Codec, TrimAndLowerCase) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(lower_case("X-Amz-ÄZ"), "x-amz-Äz");
  EXPECT_EQ(upper_case("x-Amz-äz"), "X-AMZ-äZ");
}

}  // namespace
}  // namespace rolecall

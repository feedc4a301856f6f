#include "base/pkcs11_uri.h"

#include <gtest/gtest.h>

namespace rolecall {
namespace {

std::string unwrapped(const std::string& text) {
  return std::string(unwrapped_uri(text).view());
}

TEST(Pkcs11Uri, IsKnownByItsScheme) {
  for (const char* uri : {"pkcs11:", "PKCS11:token=a", " pkcs\n11:token=a", "pkcs11:?pin-value=1"})
    EXPECT_TRUE(is_pkcs11_uri(uri)) << uri;
  for (const char* other : {"", "pkcs11", "pkcs12:a", "/pkcs11:token=a", "file:pkcs11:"})
    EXPECT_FALSE(is_pkcs11_uri(other)) << other;
}

TEST(Pkcs11Uri, HoldsAPinInPathOrQuery) {
  for (const char* uri : {"pkcs11:token=a?pin-value=1", "pkcs11:pin-value=1;token=a",
                          "PKCS11:token=a?PIN-VALUE=1", "pkcs11:token=a?pin -value=1"})
    EXPECT_TRUE(contains_pin(uri)) << uri;
  for (const char* other : {"pkcs11:token=a", "pkcs11:token=a?pin-source=/a", "/a?pin-value=1"})
    EXPECT_FALSE(contains_pin(other)) << other;
}

TEST(Pkcs11Uri, BlanksInsideAValueStay) {
  EXPECT_EQ(unwrapped("pkcs11:token=My Token;object=My key"),
            "pkcs11:token=My%20Token;object=My%20key");
  EXPECT_EQ(unwrapped("pkcs11:token=My%20Token  2;type=cert"),
            "pkcs11:token=My%20Token%20%202;type=cert");
  EXPECT_EQ(unwrapped("pkcs11:token=R & D;object=a?pin-value=my pin&pin-source=/a b"),
            "pkcs11:token=R%20&%20D;object=a?pin-value=my%20pin&pin-source=/a%20b");
  EXPECT_EQ(unwrapped("pkcs11:object=a = b : c"), "pkcs11:object=a%20=%20b%20:%20c");
}

TEST(Pkcs11Uri, OtherWhiteSpaceIsDropped) {
  EXPECT_EQ(unwrapped(" pkcs11:\n token = a ;\r\n  object\t=\tb \n"), "pkcs11:token=a;object=b");
  EXPECT_EQ(unwrapped("pkcs11:token=very-\n    long; object=x ? pin-value = 12 \n"),
            "pkcs11:token=very-long;object=x?pin-value=12");
  EXPECT_EQ(unwrapped("pkcs11:id=%01 %02;object=a b"), "pkcs11:id=%01%02;object=a%20b");
  EXPECT_EQ(unwrapped("pkcs 11:pin- value=1"), "pkcs11:pin-value=1");
  for (const char* odd : {"", "pkcs11", "pkcs11:", "pkcs11:;;?&", "pkcs11:=", "pkcs11:a=?="})
    EXPECT_EQ(unwrapped(odd), odd);
}

TEST(Pkcs11Uri, MessagesShowNoPin) {
  EXPECT_EQ(without_pin("pkcs11:token=My Token?pin-value=my pin"), "pkcs11:token=My%20Token?…");
  EXPECT_EQ(without_pin("pkcs11:token=a;pin- value=my pin;object=b c"),
            "pkcs11:token=a;pin-value=…;object=b%20c");
  EXPECT_EQ(without_pin("/a file"), "/a file");
}

TEST(Pkcs11Uri, EveryPinIsWiped) {
  for (std::string text : {"pkcs11:token=a?pin-value=my secret", "pkcs11:pin- value=my secret",
                           "pkcs11:pin- value=my secret;object=pin-value",
                           "x PKCS11:object=a?PIN-VALUE=my secret&pin-source=b"}) {
    const std::size_t size = text.size();
    wipe_pins(text.data(), text.size());
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
    EXPECT_EQ(text.size(), size);
  }
}

}  // namespace
}  // namespace rolecall

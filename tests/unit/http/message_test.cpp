#include "http/message.h"

#include <gtest/gtest.h>

namespace rolecall::http {
namespace {

TEST(Headers, AreFoundInAnyCase) {
  const Headers headers = {{"X-One", "1"}, {"x-two", "2"}, {"X-TWO", "3"}};
  EXPECT_EQ(*find(headers, "x-ONE"), "1");
  EXPECT_EQ(*find(headers, "X-Two"), "2");
  EXPECT_EQ(find(headers, "x-three"), nullptr);
}

}  // namespace
}  // namespace rolecall::http

#include "rolecall/error.h"

#include <gtest/gtest.h>

namespace rolecall {
namespace {

TEST(ErrorTest, CarriesTheOptionThatItIsAbout) {
  EXPECT_EQ(Error(ErrorKind::usage, "`role-arn` \"x\" is not an ARN").option(), "role-arn");
  EXPECT_EQ(
      Error(ErrorKind::usage, "the region of `profile-arn` is not that of `role-arn`").option(),
      "profile-arn");
  for (const char* none : {"", "no connection", "a lone ` is no option"})
    EXPECT_EQ(Error(ErrorKind::failed, none).option(), "") << none;
}

}  // namespace
}  // namespace rolecall

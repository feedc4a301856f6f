#include "aws_files/ini_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolecall::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(IniDiff, NothingForTheSameText) {
  EXPECT_EQ(ini_diff("f", "[a]\nx = 1\n", "[a]\nx = 1\n"), "");
}

TEST(IniDiff, NewFile) {
  EXPECT_EQ(ini_diff("f", "", "[a]\nx = 1\n"), "--- f\n+++ f\n@@ -0,0 +1,2 @@\n+[a]\n+x = 1\n");
}

TEST(IniDiff, ThreeLinesOfContextAndTwoHunks) {
  std::string before;
  for (int i = 1; i <= 20; ++i)
    before += "k" + std::to_string(i) + " = v\n";
  std::string after = before;
  after.replace(after.find("k3 = v"), 6, "k3 = w");
  after.insert(after.find("k18"), "new = 1\n");
  EXPECT_EQ(ini_diff("f", before, after),
            "--- f\n+++ f\n@@ -1,6 +1,6 @@\n k1 = v\n k2 = v\n-k3 = v\n+k3 = w\n k4 = v\n k5 = v\n"
            " k6 = v\n@@ -15,6 +15,7 @@\n k15 = v\n k16 = v\n k17 = v\n+new = 1\n k18 = v\n"
            " k19 = v\n k20 = v\n");
}

TEST(IniDiff, ChangesThatAreNearShareAHunk) {
  EXPECT_EQ(ini_diff("f", "a\nb\nc\nd\ne\nf\ng\nh\n", "b\nc\nd\ne\nf\ng\n"),
            "--- f\n+++ f\n@@ -1,8 +1,6 @@\n-a\n b\n c\n d\n e\n f\n g\n-h\n");
}

TEST(IniDiff, LastLineWithoutALineFeed) {
  EXPECT_EQ(ini_diff("f", "[a]\nx", "[a]\nx\n\n"),
            "--- f\n+++ f\n@@ -1,2 +1,3 @@\n [a]\n-x\n\\ No newline at end of file\n+x\n+\n");
}

TEST(IniDiff, SecretsAreNotShown) {
  const std::string before =
      "[a]\naws_secret_access_key = HIDE1\n  HIDE2\naws_session_token=HIDE3\n"
      "; aws_secret_access_key: HIDE4\ns3 =\n  my_password = HIDE5\n"
      "credential_process = x --pkcs8-password HIDE6\n"
      "web_identity_token_file = shown\naws_access_key_id = shown\n[b] HIDE = x\n";
  const std::string diff = ini_diff("f", before, "");
  EXPECT_THAT(diff, Not(HasSubstr("HIDE1")));
  EXPECT_THAT(diff, Not(HasSubstr("HIDE2")));
  EXPECT_THAT(diff, Not(HasSubstr("HIDE3")));
  EXPECT_THAT(diff, Not(HasSubstr("HIDE4")));
  EXPECT_THAT(diff, Not(HasSubstr("HIDE5")));
  EXPECT_THAT(diff, Not(HasSubstr("HIDE6")));
  EXPECT_THAT(diff, HasSubstr("-aws_secret_access_key = ***\n-  ***\n-aws_session_token=***\n"));
  EXPECT_THAT(diff, HasSubstr("-web_identity_token_file = shown\n-aws_access_key_id = shown\n"));
}

}  // namespace
}  // namespace rolecall::aws

#include "base/file_trust.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace rolecall {
namespace {

constexpr gid_t unknown_group = 3'999'999'999;

OtherWriters writers(mode_t mode, gid_t group, uid_t user) {
  struct stat info {};
  info.st_mode = S_IFREG | mode;
  info.st_gid = group;
  return other_writers(info, "/", user);
}

TEST(FileTrust, TrustsRootAndTheUserAlone) {
  EXPECT_EQ(untrusted_owner_text(0, 1000), "");
  EXPECT_EQ(untrusted_owner_text(1000, 1000), "");
  EXPECT_EQ(untrusted_owner_text(0, 0), "");
  EXPECT_EQ(untrusted_owner_text(7, 1000),
            "belongs to user 7, who is neither root nor this user (1000)");
  EXPECT_EQ(untrusted_owner_text(7, 0), "belongs to user 7, who is neither root nor this user (0)");
}

TEST(FileTrust, TellsWhoElseCanWrite) {
  EXPECT_EQ(writers(0755, unknown_group, 0), OtherWriters::none);
  EXPECT_EQ(writers(0664, unknown_group, 0), OtherWriters::group) << "who is in it is not known";
  EXPECT_EQ(writers(0664, 0, 0), OtherWriters::none) << "root's own group";
  EXPECT_EQ(writers(0646, 0, 0), OtherWriters::everybody);
  EXPECT_EQ(writers(0666, unknown_group, 0), OtherWriters::everybody);
}

}  // namespace
}  // namespace rolecall

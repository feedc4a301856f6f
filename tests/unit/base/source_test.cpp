#include "rolecall/source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "rolecall/error.h"
#include "unit/support/scratch_directory.h"

namespace rolecall {
namespace {

using Kind = Source::Kind;

TEST(SourceTest, TellsKindsApart) {
  EXPECT_EQ(Source().kind(), Kind::none);
  EXPECT_EQ(Source("").kind(), Kind::none);
  for (const char* path :
       {"leaf.pem", "--", "./-", "fd", "/dev/fd/3", "FD:3", "pkcs11", "HANDLE:0x81"})
    EXPECT_EQ(Source(path).kind(), Kind::file) << path;
  for (const char* uri : {"pkcs11:", "PKCS11:token=a", " pkcs11:token=a", "pkcs\n11:token=a"})
    EXPECT_EQ(Source(uri).kind(), Kind::token) << uri;
  EXPECT_EQ(Source("handle:0x81000001").kind(), Kind::tpm);
}

TEST(SourceTest, KnowsTheDescriptorOfAStream) {
  EXPECT_EQ(Source("-").descriptor(), 0);
  EXPECT_EQ(Source("fd:0").descriptor(), 0);
  EXPECT_EQ(Source("fd:17").descriptor(), 17);
  EXPECT_EQ(Source("leaf.pem").descriptor(), -1);
  for (const char* wrong : {"fd:", "fd:x", "fd:-1", "fd:3 ", "fd:+3", "fd:4294967299"}) {
    EXPECT_THROW(Source{wrong}, Error) << wrong;
    EXPECT_EQ(Source::kind_of(wrong), Kind::stream) << wrong;
  }
}

TEST(SourceTest, IsEqualIfItReadsTheSame) {
  EXPECT_EQ(Source("-"), Source("fd:0"));
  EXPECT_NE(Source("fd:3"), Source("fd:4"));
  EXPECT_NE(Source("-"), Source("./-"));
  EXPECT_EQ(Source("leaf.pem"), Source("leaf.pem"));
  EXPECT_NE(Source("leaf.pem"), Source("./leaf.pem"));
}

TEST(SourceTest, ShowsNoPin) {
  EXPECT_EQ(Source("leaf.pem").name(), "leaf.pem");
  EXPECT_EQ(Source("-").name(), "- (standard input)");
  EXPECT_EQ(Source("pkcs11:token=a?pin-value=1234").name(), "pkcs11:token=a?…");
}

class SourceFileTest : public testing::Test {
 protected:
  ScratchDirectory directory_;
};

TEST_F(SourceFileTest, CannotReadAStreamOrAPipeAgain) {
  const std::string pipe = directory_ / "pipe";
  const std::string file = directory_ / "file";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::ofstream(file) << "x";
  EXPECT_FALSE(Source("-").can_be_read_again());
  EXPECT_FALSE(Source(pipe).can_be_read_again());
  for (const std::string& text : {file, file + ".missing", std::string("pkcs11:"), std::string()})
    EXPECT_TRUE(Source(text).can_be_read_again()) << text;
}

TEST_F(SourceFileTest, HasAStampIfItIsAFile) {
  const std::string file = directory_ / "file";
  EXPECT_EQ(Source(file).stamp(), "");
  std::ofstream(file) << "x";
  const std::string before = Source(file).stamp();
  EXPECT_NE(before, "");
  std::ofstream(file) << "longer";
  EXPECT_NE(Source(file).stamp(), before);
  EXPECT_EQ(Source("-").stamp(), "");
}

}  // namespace
}  // namespace rolecall

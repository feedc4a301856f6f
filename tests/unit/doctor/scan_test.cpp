#include "doctor/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace rolecall::doctor {
namespace {

namespace fs = std::filesystem;

constexpr const char* key = "AKIAQNZGKIQY56JQ7WML";

class DoctorScan : public testing::Test {
 protected:
  DoctorScan() {
    std::string pattern = (fs::temp_directory_path() / "doctor-scan.XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~DoctorScan() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  std::string path(const std::string& name) const { return (root_ / name).string(); }

  fs::path root_;
};

TEST_F(DoctorScan, BelowADirectoryNoLinkIsFollowed) {
  write("outside/file", key);
  write("home/.aws/credentials", key);
  fs::create_directories(root_ / "home2");
  fs::create_directory_symlink(root_ / "outside", root_ / "home2/.aws");
  write("home3/.aws/x", "");
  fs::create_symlink(root_ / "outside/file", root_ / "home3/.aws/file");
  Scan scan;
  scan.add_below(path("home"), ".aws/credentials");
  scan.add_below(path("home2"), ".aws/file");
  scan.add_below(path("home3"), ".aws/file");
  scan.add_below(path("none"), ".aws/file");
  ASSERT_EQ(scan.found().size(), 1);
  EXPECT_EQ(scan.found()[0].path, path("home/.aws/credentials"));
  EXPECT_EQ(scan.left_out(), "");
}

TEST_F(DoctorScan, Limits) {
  for (int i = 0; i < 20; ++i)
    write(cat("files/", i), key);
  ScanLimits limits;
  limits.entries = 5;
  Scan few(limits);
  few.add(path("files"));
  EXPECT_LT(few.files(), 5);
  EXPECT_EQ(few.left_out(), "the scan stopped after 5 entries");

  limits = {};
  limits.time = std::chrono::milliseconds(0);
  Scan late(limits);
  late.add(path("files"));
  EXPECT_EQ(late.files(), 0);
  EXPECT_EQ(late.left_out(), "the scan stopped after 0 s");

  limits = {};
  limits.bytes = 40;
  Scan small(limits);
  small.add(path("files"));
  EXPECT_EQ(small.files(), 2);
}

TEST_F(DoctorScan, APipeIsNotOpened) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  Scan scan;
  scan.add(root_.string());
  scan.add(path("pipe"));
  EXPECT_EQ(scan.files(), 0);
}

}  // namespace
}  // namespace rolecall::doctor

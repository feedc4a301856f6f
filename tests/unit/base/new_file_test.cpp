#include "base/new_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/descriptor_io.h"

namespace rolecall {
namespace {

using testing::UnorderedElementsAre;

class NewFiles : public testing::Test {
 protected:
  NewFiles() {
    std::string name = (std::filesystem::temp_directory_path() / "rolecall-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    directory_ = Descriptor(open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  ~NewFiles() override { std::filesystem::remove_all(folder_); }

  void make(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
  }
  std::string content(const std::string& name) const {
    std::string text;
    std::getline(std::ifstream(folder_ / name), text, '\0');
    return text;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found = names_in(directory_.fd());
    std::erase_if(found, [](const std::string& name) { return name == "." || name == ".."; });
    return found;
  }

  std::filesystem::path folder_;
  Descriptor directory_;
};

TEST_F(NewFiles, TakesTheOldOnesPlace) {
  make("file", "old");
  std::ifstream reader(folder_ / "file");
  NewFile file(directory_.fd(), "fresh");
  ASSERT_EQ(file.error(), 0);
  EXPECT_EQ(file.write("new "), 0);
  EXPECT_EQ(file.write("one"), 0);
  EXPECT_EQ(content("file"), "old");
  EXPECT_EQ(file.replace("file"), 0);
  EXPECT_EQ(content("file"), "new one");
  struct stat info {};
  ASSERT_EQ(stat((folder_ / "file").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  std::string seen;
  std::getline(reader, seen, '\0');
  EXPECT_EQ(seen, "old") << "a reader keeps the file that it opened";
}

TEST_F(NewFiles, IsGoneUnlessKept) {
  {
    NewFile file(directory_.fd(), "left");
    NewFile kept(directory_.fd(), "kept");
    EXPECT_EQ(kept.write("x"), 0);
    EXPECT_EQ(kept.keep(), 0);
    EXPECT_THAT(names(), UnorderedElementsAre("left", "kept"));
  }
  EXPECT_THAT(names(), UnorderedElementsAre("kept"));
}

TEST_F(NewFiles, IsGoneIfItCannotTakeThePlace) {
  std::filesystem::create_directory(folder_ / "file");
  {
    NewFile file(directory_.fd(), "fresh");
    EXPECT_EQ(file.replace("file"), EISDIR);
  }
  EXPECT_THAT(names(), UnorderedElementsAre("file"));
}

TEST_F(NewFiles, LeavesWhatHasItsName) {
  make("taken", "old");
  std::filesystem::create_symlink("elsewhere", folder_ / "link");
  for (const char* name : {"taken", "link"}) {
    const NewFile file(directory_.fd(), name);
    EXPECT_EQ(file.error(), EEXIST);
  }
  EXPECT_THAT(names(), UnorderedElementsAre("taken", "link"));
  EXPECT_EQ(content("taken"), "old");
}

TEST_F(NewFiles, ReplaceFileRemovesWhatAKilledProcessLeft) {
  make("file", "old");
  make("file.new", "half of");
  EXPECT_EQ(replace_file(directory_.fd(), "file", "file.new", "new"), 0);
  EXPECT_EQ(content("file"), "new");
  EXPECT_THAT(names(), UnorderedElementsAre("file"));
}

TEST_F(NewFiles, ReplaceFileFollowsNoLink) {
  make("target", "precious");
  for (const char* name : {"file", "file.new"})
    std::filesystem::create_symlink("target", folder_ / name);
  EXPECT_EQ(replace_file(directory_.fd(), "file", "file.new", "new"), 0);
  EXPECT_EQ(content("target"), "precious");
  EXPECT_FALSE(std::filesystem::is_symlink(folder_ / "file"));
}

TEST_F(NewFiles, ReplaceFileSaysWhyItCannot) {
  std::filesystem::create_directory(folder_ / "file.new");
  EXPECT_EQ(replace_file(directory_.fd(), "file", "file.new", "new"), EEXIST);
  EXPECT_EQ(replace_file(directory_.fd(), "file", "none/new", "new"), ENOENT);
  EXPECT_THAT(names(), UnorderedElementsAre("file.new"));
}

}  // namespace
}  // namespace rolecall

#include "base/locked_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "rolecall/error.h"
#include "unit/support/clock.h"

namespace rolecall {
namespace {

using testing::HasSubstr;

constexpr FileRole role = {"test file", "TEST_FILE"};

class LockedFileTest : public testing::Test {
 protected:
  LockedFileTest() : directory_(mkdtemp(name_)) {}
  ~LockedFileTest() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name = "file") const { return directory_ + "/" + name; }
  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path()) << text;
    chmod(path().c_str(), mode);
  }
  static std::string text_of(const std::string& path) {
    std::string text;
    std::getline(std::ifstream(path), text, '\0');
    return text;
  }
  static mode_t mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }
  // Locks a file as another process would: the lock belongs to the open file, not to the process.
  static Descriptor locked(const std::string& path) {
    Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(flock(file.fd(), LOCK_EX | LOCK_NB), 0);
    return file;
  }
  std::string refusal(const std::string& path) const {
    try {
      const LockedFile file(role, path, {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "no error";
  }

  char name_[32] = "/tmp/locked-file-XXXXXX";
  std::string directory_;
};

TEST_F(LockedFileTest, MakesTheFirstOneForItsUserAlone) {
  const LockedFile file(role, path(), {});
  EXPECT_EQ(file.mode(), 0U);
  EXPECT_TRUE(file.read().empty());
  file.replace("new");
  EXPECT_EQ(text_of(path()), "new");
  EXPECT_EQ(mode_of(path()), 0600U);
  EXPECT_EQ(mode_of(path(".file.rolecall-lock")), 0600U);
}

TEST_F(LockedFileTest, PutsAnotherInItsPlaceWithTheSameMode) {
  write("old", 0640);
  std::filesystem::create_hard_link(path(), path("other name"));
  const LockedFile file(role, path(), {});
  EXPECT_EQ(file.read().view(), "old");
  EXPECT_EQ(file.mode() & 07777U, 0640U);
  file.replace("new");
  EXPECT_EQ(text_of(path()), "new");
  EXPECT_EQ(mode_of(path()), 0640U);
  EXPECT_EQ(text_of(path("other name")), "old");  // it was not written to
}

TEST_F(LockedFileTest, WritesBehindALink) {
  write("old");
  std::filesystem::create_symlink("file", path("link"));
  const LockedFile file(role, path("link"), {});
  file.replace("new");
  EXPECT_EQ(file.target(), path());
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(text_of(path()), "new");
}

TEST_F(LockedFileTest, CopiesHaveNamesOfTheirOwn) {
  write("old", 0644);
  const LockedFile file(role, path(), {});
  const std::string copy = path("file.rolecall-backup-19700101T000000Z");
  const std::chrono::sys_seconds now{};
  EXPECT_EQ(file.back_up(now), copy);
  file.replace("new");
  EXPECT_EQ(file.back_up(now), copy + ".2");
  EXPECT_EQ(text_of(copy), "old");
  EXPECT_EQ(mode_of(copy), 0600U);
  file.remove_copy(copy);
  EXPECT_FALSE(std::filesystem::exists(copy));
}

TEST_F(LockedFileTest, TakesAwayWhatWasLeftUnfinished) {
  const std::string unfinished = path(".file.rolecall-new-aB3xYz");
  std::ofstream(unfinished) << "half of it";
  std::ofstream(path("beside")) << "not ours";
  const LockedFile file(role, path(), {});
  EXPECT_FALSE(std::filesystem::exists(unfinished));
  EXPECT_TRUE(std::filesystem::exists(path("beside")));
}

TEST_F(LockedFileTest, WaitsUntilAnotherProcessFreesTheLock) {
  std::ofstream(path(".file.rolecall-lock")).flush();
  Descriptor other = locked(path(".file.rolecall-lock"));
  test::ManualClock clock;
  clock.while_waiting = [&] {
    if (clock.waits.size() == 3) other = Descriptor();
  };
  const LockedFile file(role, path(), {}, clock);
  EXPECT_EQ(clock.waits.size(), 3U);
}

TEST_F(LockedFileTest, WaitsTenSecondsForTheLock) {
  std::ofstream(path(".file.rolecall-lock")).flush();
  const Descriptor other = locked(path(".file.rolecall-lock"));
  const test::ManualClock clock;
  const auto start = clock.steady();
  try {
    const LockedFile file(role, path(), {}, clock);
    FAIL() << "the file is locked twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::try_later);
    EXPECT_THAT(error.what(), HasSubstr(path(".file.rolecall-lock")));
  }
  EXPECT_GE(clock.steady() - start, std::chrono::seconds(10));
  EXPECT_LT(clock.steady() - start, std::chrono::seconds(11));
}

TEST_F(LockedFileTest, RefusesWhatIsNoFileOfTheUser) {
  write("x", 0666);
  EXPECT_THAT(refusal(path()), HasSubstr("every user can write to it"));
  std::filesystem::create_directory(path("directory"));
  EXPECT_THAT(refusal(path("directory")), HasSubstr("is not a regular file"));
  mkfifo(path("pipe").c_str(), 0600);
  EXPECT_THAT(refusal(path("pipe")), HasSubstr("is not a regular file"));
}

TEST_F(LockedFileTest, ReadsOnlyFilesAndNotWithoutEnd) {
  EXPECT_TRUE(read_text_file(role, path()).empty());
  write("text");
  EXPECT_EQ(read_text_file(role, path()).view(), "text");
  EXPECT_THROW(read_text_file(role, directory_), Error);
  std::filesystem::resize_file(path(), (std::uintmax_t{16} << 20) + 1);
  EXPECT_THROW(read_text_file(role, path()), Error);
}

}  // namespace
}  // namespace rolecall

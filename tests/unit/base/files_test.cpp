#include "base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "rolecall/error.h"

namespace rolecall {
namespace {

class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "rolecall-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Files() override { std::filesystem::remove_all(folder_); }

  std::string make(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return (folder_ / name).string();
  }
  static std::string refusal(const std::string& path) {
    try {
      read_file("test file", path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path folder_;
};

TEST_F(Files, ReadsAllBytesAndTheMode) {
  for (const std::size_t size : {1UL, 4095UL, 4096UL, 4097UL, 1UL << 20}) {
    const std::string content(size, '\0');
    const std::string path = make("file", content);
    chmod(path.c_str(), 0640);
    const FileContent read = read_file("test file", path);
    EXPECT_EQ(read.bytes.view(), content);
    EXPECT_EQ(read.mode & 07777U, 0640U);
  }
}

TEST_F(Files, ReadsAPipe) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "abc", 3), 3);
  close(ends[1]);
  EXPECT_EQ(read_file("test file", "/dev/fd/" + std::to_string(ends[0])).bytes.view(), "abc");
  close(ends[0]);
}

TEST_F(Files, TellsApartWhatIsWrong) {
  using testing::HasSubstr;
  EXPECT_THAT(refusal((folder_ / "none").string()), HasSubstr("No such file"));
  EXPECT_THAT(refusal(folder_.string()), HasSubstr("is a directory"));
  EXPECT_THAT(refusal(make("empty", "")), HasSubstr("is empty"));
  EXPECT_THAT(refusal("/dev/null"), HasSubstr("neither a regular file nor a pipe"));
  EXPECT_THAT(refusal(make("large", std::string((1 << 20) + 1, 'x'))), HasSubstr("larger than"));
}

TEST_F(Files, ReadsADescriptorFromWhereItStands) {
  const int fd = ::open(make("file", "0123456789").c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(lseek(fd, 4, SEEK_SET), 4);
  const Source source("fd:" + std::to_string(fd));
  EXPECT_EQ(read_source("test file", source).bytes.view(), "456789");
  EXPECT_THROW(read_source("test file", source), Error);  // at its end, yet open
  EXPECT_EQ(fcntl(fd, F_GETFD), 0);
  ::close(fd);
  EXPECT_THROW(read_source("test file", source), Error);
  EXPECT_EQ(read_source("test file", make("other", "x")).bytes.view(), "x");
}

TEST_F(Files, WaitsForADescriptorThatIsNotReady) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  std::thread writer([&ends] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(write(ends[1], "late", 4), 4);
    ::close(ends[1]);
  });
  EXPECT_EQ(read_source("test file", "fd:" + std::to_string(ends[0])).bytes.view(), "late");
  writer.join();
  ::close(ends[0]);
}

TEST_F(Files, WriteToAFullDeviceIsAnError) {
  const int full = ::open("/dev/full", O_WRONLY);
  EXPECT_THROW(write_all(full, "x", "the device"), Error);
  ::close(full);
}

}  // namespace
}  // namespace rolecall

#include "base/descriptor_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>

#include "base/pipe.h"

namespace rolecall {
namespace {

// A file without a name, with `content`, which stands at its end.
Descriptor file_with(std::string_view content) {
  Descriptor file(memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(write_bytes(file.fd(), content), 0);
  return file;
}

TEST(DescriptorIo, ReadsTheWholeFileWhereverItStands) {
  for (const std::size_t size : {0UL, 1UL, 4096UL, 4097UL, 100000UL}) {
    const std::string content(size, 'x');
    const Descriptor file = file_with(content);
    Secret bytes("what was there before");
    EXPECT_EQ(read_whole(file.fd(), size, bytes), 0);
    EXPECT_EQ(bytes.view(), content);
    EXPECT_EQ(read_whole(file.fd(), size + 1, bytes), 0);
    EXPECT_EQ(bytes.view(), content) << "again";
    if (size > 0) {
      EXPECT_EQ(read_whole(file.fd(), size - 1, bytes), EFBIG);
    }
  }
}

TEST(DescriptorIo, ReadsFromWhereItStandsToTheEnd) {
  const Descriptor file = file_with("0123456789");
  lseek(file.fd(), 4, SEEK_SET);
  Secret bytes;
  EXPECT_EQ(read_to_end(file.fd(), 6, bytes), 0);
  EXPECT_EQ(bytes.view(), "456789");
}

TEST(DescriptorIo, ReadsFilesThatTellNoSize) {
  const Descriptor file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  Secret bytes;
  EXPECT_EQ(read_whole(file.fd(), 1 << 20, bytes), 0);
  EXPECT_TRUE(bytes.view().starts_with("Name:"));
}

TEST(DescriptorIo, AsksBeforeEachReadOfAPipe) {
  Pipe pipe;
  std::vector<std::size_t> asked;
  const auto before_read = [&](std::size_t used) {
    asked.push_back(used);
    if (asked.size() < 3) {
      EXPECT_EQ(write_bytes(pipe.write_end.fd(), "abc"), 0);
    }
    if (asked.size() == 3) pipe.write_end = Descriptor();
  };
  Secret bytes;
  EXPECT_EQ(read_to_end(pipe.read_end.fd(), 6, bytes, before_read), 0);
  EXPECT_EQ(bytes.view(), "abcabc");
  EXPECT_THAT(asked, testing::ElementsAre(0, 3, 6));
}

TEST(DescriptorIo, WaitsUntilAFullPipeHasRoom) {
  const Pipe pipe;
  ASSERT_EQ(fcntl(pipe.write_end.fd(), F_SETFL, O_NONBLOCK), 0);
  const std::string content(300000, 'x');  // more than a pipe holds
  Secret bytes;
  std::thread reader([&] {
    bytes.resize(content.size());
    for (std::size_t used = 0; used < content.size();) {
      const ssize_t got = read(pipe.read_end.fd(), bytes.data() + used, content.size() - used);
      if (got <= 0) return;
      used += static_cast<std::size_t>(got);
    }
  });
  EXPECT_EQ(write_bytes(pipe.write_end.fd(), content), 0);
  reader.join();
  EXPECT_EQ(bytes.view(), content);
}

TEST(DescriptorIo, SaysWhatFailed) {
  const Descriptor directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Secret bytes;
  EXPECT_EQ(read_to_end(directory.fd(), 10, bytes), EISDIR);
  EXPECT_EQ(read_whole(-1, 10, bytes), EBADF);
  EXPECT_EQ(write_bytes(directory.fd(), "x"), EBADF);
}

TEST(DescriptorIo, NamesWhatIsInADirectory) {
  const Descriptor directory(open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int times = 0; times < 2; ++times)
    EXPECT_THAT(names_in(directory.fd()), testing::IsSupersetOf({".", "..", "status", "exe"}));
  EXPECT_THAT(names_in(-1), testing::IsEmpty());
}

}  // namespace
}  // namespace rolecall

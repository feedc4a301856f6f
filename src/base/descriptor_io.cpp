#include "base/descriptor_io.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace rolecall {

int read_to_end(int descriptor, std::size_t most, Secret& bytes,
                const std::function<void(std::size_t)>& before_read) {
  std::size_t expected = 4096;
  struct stat info {};
  if (fstat(descriptor, &info) != 0) return errno;
  const bool tells_size = S_ISREG(info.st_mode) && info.st_size > 0;  // files in /proc do not
  if (tells_size) expected = static_cast<std::size_t>(info.st_size);
  // One byte more than expected, so that the read that reaches the end leaves a byte free. At most
  // one byte more than `most`, which is enough to see that there are too many.
  bytes.resize(std::min(expected, most) + 1);
  for (std::size_t used = 0;;) {
    if (before_read) before_read(used);
    const ssize_t got = read(descriptor, bytes.data() + used, bytes.size() - used);
    // Some files in /proc, such as kmsg, have nothing to read now: a wait for them has no end.
    if (got < 0 && (errno == EINTR || (errno == EAGAIN && !S_ISREG(info.st_mode)))) continue;
    if (got < 0) return errno;
    used += static_cast<std::size_t>(got);
    if (used > most) return EFBIG;
    if (got == 0) {
      bytes.resize(used);
      return 0;
    }
    if (used == bytes.size()) bytes.resize(std::min(2 * used, most + 1));
  }
}

int read_whole(int descriptor, std::size_t most, Secret& bytes) {
  return lseek(descriptor, 0, SEEK_SET) < 0 ? errno : read_to_end(descriptor, most, bytes);
}

int write_bytes(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) {  // the parent opened it with O_NONBLOCK, and the pipe is full
      pollfd room{descriptor, POLLOUT, 0};
      poll(&room, 1, -1);
      continue;
    }
    if (put < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return 0;
}

Descriptor reopen_directory(int directory) {
  return Descriptor(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::vector<std::string> names_in(int directory) {
  struct Close {
    void operator()(DIR* listing) const { closedir(listing); }
  };
  Descriptor opened = reopen_directory(directory);
  const std::unique_ptr<DIR, Close> listing(opened.is_open() ? fdopendir(opened.fd()) : nullptr);
  if (!listing) return {};
  opened.release();  // `listing` closes it
  std::vector<std::string> names;
  while (const dirent* entry = readdir(listing.get()))
    names.emplace_back(entry->d_name);
  return names;
}

}  // namespace rolecall

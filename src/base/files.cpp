#include "base/files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr std::size_t max_file_size = 1 << 20;
constexpr int pipe_patience_ms = 5000;

struct Descriptor {
  int fd;
  explicit Descriptor(int value) : fd(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

// A pipe that nobody writes to, or writes no more to, must not hang a run.
void await_writer(int descriptor, const std::string& name) {
  pollfd pipe{descriptor, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&pipe, 1, pipe_patience_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    throw Error(ErrorKind::usage,
                "nothing came through " + name + " in " + std::to_string(pipe_patience_ms / 1000) +
                    " seconds",
                "it is a pipe: is there a program that writes to it?");
  }
}

std::string open_hint(int error, const std::string& path) {
  if (error == ENOENT && path.starts_with('~')) {
    return "\"~\" is expanded by shells alone; give the absolute path";
  }
  if (error == ENOENT) return "check the path; relative paths start at the working directory";
  if (error == EACCES) {
    return "run as a user who may read it, or change its owner; keep a key at mode 0600";
  }
  return {};
}

}  // namespace

FileContent read_file(std::string_view what, const std::string& path) {
  const std::string name = std::string(what) + " " + path;
  // O_NONBLOCK: opening a FIFO that nobody writes to must not hang. It changes nothing for files.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.fd < 0) {
    const int error = errno;
    throw Error(ErrorKind::usage, "cannot open " + name + ": " + std::strerror(error),
                open_hint(error, path));
  }
  struct stat info {};
  if (fstat(file.fd, &info) != 0) {
    throw Error(ErrorKind::usage, "cannot read " + name + ": " + std::strerror(errno));
  }
  if (S_ISDIR(info.st_mode))
    throw Error(ErrorKind::usage, name + " is a directory, not a file", "name the file in it");
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    throw Error(ErrorKind::usage, name + " is neither a regular file nor a pipe");
  }

  FileContent content;
  content.mode = info.st_mode;
  // One byte more than the file has shows its end without a second read.
  std::size_t capacity = 4096;
  if (S_ISREG(info.st_mode) && info.st_size >= 0) {
    capacity = std::min(static_cast<std::size_t>(info.st_size), max_file_size) + 1;
  }
  std::size_t used = 0;
  content.bytes.resize(capacity);
  for (;;) {
    if (S_ISFIFO(info.st_mode)) await_writer(file.fd, name);
    const ssize_t got = read(file.fd, content.bytes.data() + used, content.bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(ErrorKind::usage, "cannot read " + name + ": " + std::strerror(errno));
    }
    used += static_cast<std::size_t>(got);
    if (used > max_file_size) {
      throw Error(ErrorKind::usage, name + " is larger than 1 MiB", "is it the right file?");
    }
    const bool whole = S_ISREG(info.st_mode) && used == static_cast<std::size_t>(info.st_size);
    if (got == 0 || whole) break;
    if (used == content.bytes.size()) content.bytes.resize(used * 2);
  }
  content.bytes.resize(used);
  if (used == 0)
    throw Error(ErrorKind::usage, name + " is empty", "was it cut off while it was written?");
  return content;
}

void write_all(int descriptor, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t put = write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      throw Error(ErrorKind::failed,
                  "cannot write to " + std::string(what) + ": " + std::strerror(errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace rolecall

#include "base/files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "base/descriptor_io.h"
#include "base/file_trust.h"
#include "base/pkcs11_uri.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "base/time.h"
#include "base/waiting.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr std::size_t max_file_size = 1 << 20;
using std::chrono::milliseconds;
constexpr milliseconds pipe_max_wait{5000};  // also the limit for a whole pipe without a deadline
// The writer of a stream that was handed to us may have to ask a vault or a person.
constexpr milliseconds stream_max_wait{60000};
constexpr milliseconds stream_limit{30000};

// `is_set`: the deadline was set with --timeout.
[[noreturn]] void fail_on_timeout(const std::string& name, const Deadline& deadline, bool is_set) {
  throw Error(ErrorKind::try_later, name + " did not end within " + seconds_text(deadline.limit()),
              cat("check that the program that writes to this pipe ends",
                  is_set ? "; `timeout` sets the limit" : ""));
}

// Waits up to `max_wait` for a pipe, because a run must not hang if nobody writes to it, or stops
// writing. Returns whether there is something to read.
bool await_writer(int descriptor, const std::string& name, milliseconds max_wait) {
  const Waiting waiting("input: " + name);
  pollfd pipe{descriptor, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&pipe, 1, static_cast<int>(max_wait.count()));
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

// Explains the parts of a path that shells, URLs or unit files expand and open(2) does not. Such a
// part may also follow a slash, because the directory of the configuration file may have been put
// in front of it.
std::string path_hint(const std::string& path) {
  const auto has_part = [&path](const char* start) {
    return path.starts_with(start) || path.find(cat("/", start)) != std::string::npos;
  };
  if (has_part("~")) return "only shells expand \"~\"; give the absolute path";
  if (has_part("$")) {
    return "only shells and systemd expand variables such as $HOME; give the absolute path";
  }
  if (has_part("file:")) return "give only the path, without file://";
  return {};
}

std::string open_hint(int error, const std::string& path) {
  if (error == ENOENT) {
    if (std::string hint = path_hint(path); !hint.empty()) return hint;
  }
  if (error == ENOENT && path.starts_with('/')) return "check the path";
  if (error == ENOENT) return "check the path; relative paths start at the working directory";
  if (error == EACCES && faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0) {
    return "the file's mode allows it. In serve and update, only directories of files that were "
           "known at the start can be read: start it again, or use --no-sandbox";
  }
  if (error == EACCES) {
    return "run rolecall as a user who may read the file, or change the file's owner or group; for "
           "a private key, mode 0640 is enough";
  }
  return {};
}

// Reads a regular file, a pipe or a terminal to its end.
FileContent read_descriptor(const std::string& name, int fd, const struct stat& info,
                            bool is_inherited, Empty empty, Deadline* set_deadline) {
  Deadline default_deadline(is_inherited ? stream_limit : pipe_max_wait);
  Deadline& deadline = set_deadline != nullptr ? *set_deadline : default_deadline;
  const bool is_pipe = S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode);
  const auto await_bytes = [&](std::size_t used) {
    if (S_ISREG(info.st_mode)) return;
    if (!is_pipe) {  // a terminal: there is no limit, because a person pastes into it
      pollfd ready{fd, POLLIN, 0};
      poll(&ready, 1, -1);
      return;
    }
    if (used > 0 && deadline.passed()) fail_on_timeout(name, deadline, set_deadline != nullptr);
    const bool untimed = is_inherited && used == 0;
    const Deadline::Pause pause(untimed ? &deadline : nullptr);
    const milliseconds max_wait = is_inherited ? stream_max_wait : pipe_max_wait;
    const milliseconds wait = untimed ? max_wait : std::min(max_wait, deadline.left());
    if (await_writer(fd, name, wait)) return;
    if (deadline.passed()) fail_on_timeout(name, deadline, set_deadline != nullptr);
    throw Error(ErrorKind::usage, "no data came from " + name + " within " + seconds_text(max_wait),
                "it is a pipe: check that a program writes to this pipe");
  };
  FileContent content{{}, info.st_mode, info.st_uid};
  const int error = read_to_end(fd, max_file_size, content.bytes, await_bytes);
  if (error == EFBIG) {
    throw Error(ErrorKind::usage, name + " is larger than 1 MiB", "is it the right file?");
  }
  if (error != 0) {
    throw Error(ErrorKind::usage, "cannot read " + name + ": " + std::strerror(error),
                "it could be opened: is its disk or its network file system in order?");
  }
  if (content.bytes.empty() && empty == Empty::refused) {
    throw Error(ErrorKind::usage, name + " is empty",
                "was the file cut off while a program wrote it?");
  }
  return content;
}

struct stat status_of(int fd, const std::string& name) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    throw Error(ErrorKind::usage, "cannot read " + name + ": " + std::strerror(errno));
  }
  if (S_ISDIR(info.st_mode))
    throw Error(ErrorKind::usage, name + " is a directory, not a file",
                "name a file in this directory");
  return info;
}

}  // namespace

FileContent read_file(std::string_view what, const std::string& path, Empty empty,
                      Deadline* deadline) {
  const std::string name = cat(what, " ", without_pin(path));
  // O_NONBLOCK, because opening a FIFO that nobody writes to would hang. The flag changes nothing
  // for regular files.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.is_open()) {
    const int error = errno;
    throw Error(ErrorKind::usage, "cannot open " + name + ": " + std::strerror(error),
                open_hint(error, path));
  }
  const struct stat info = status_of(file.fd(), name);
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    throw Error(ErrorKind::usage, name + " is neither a regular file nor a pipe",
                "it is a device or a socket; give the path of a file");
  }
  FileContent content = read_descriptor(name, file.fd(), info, false, empty, deadline);
  content.path = path;
  return content;
}

void refuse_pipe(std::string_view what, const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) return;
  throw Error(
      ErrorKind::usage, cat(what, " ", path, " is not a regular file"),
      "rolecall reads this file more than once; save the output of the pipe or device to a file");
}

FileContent read_source(std::string_view what, const Source& source, Deadline* deadline) {
  const int fd = source.descriptor();
  if (fd < 0) return read_file(what, source.text(), Empty::refused, deadline);
  const std::string name = cat(what, " ", source.name());
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY) {
    throw Error(ErrorKind::usage,
                "cannot read " + name + ": this descriptor is " +
                    (flags < 0 ? "not open" : "only open for writing"),
                "the program that starts rolecall must open it, as in a shell: rolecall … 3< FILE");
  }
  return read_descriptor(name, fd, status_of(fd, name), true, Empty::refused, deadline);
}

void warn_about_open_mode(const std::string& name, const FileContent& file,
                          const Reporter& reporter) {
  if (!S_ISREG(file.mode)) return;
  // Access by a group is no reason to warn, because a group is made on purpose, such as the fsGroup
  // of Kubernetes.
  if ((file.mode & S_IRWXO) != 0) {
    const bool read = (file.mode & S_IROTH) != 0;
    const bool written = (file.mode & S_IWOTH) != 0;
    reporter.warning(name + " has mode " + mode_text(file.mode) +
                     ": every user of this machine can " +
                     (read && written ? "read and change"
                      : written       ? "change"
                                      : "read") +
                     " it; remove these rights: chmod o-rwx" +
                     (file.path.empty() ? "" : " " + shell_word(file.path)));
  }
  warn_about_owner(name, file, reporter);
}

void warn_about_owner(const std::string& name, const FileContent& file, const Reporter& reporter) {
  const std::string owner = untrusted_owner_text(file.owner, geteuid());
  if (!S_ISREG(file.mode) || owner.empty()) return;
  reporter.warning(name + " " + owner +
                   " and can read and replace the file; chown the file to root or to the user who "
                   "runs rolecall");
}

std::string file_stamp(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return join(std::array<std::intmax_t, 7>{static_cast<std::intmax_t>(info.st_dev),
                                           static_cast<std::intmax_t>(info.st_ino), info.st_size,
                                           info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                                           info.st_ctim.tv_sec, info.st_ctim.tv_nsec},
              ":");
}

void write_all(int descriptor, std::string_view bytes, std::string_view what) {
  const int error = write_bytes(descriptor, bytes);
  if (error == 0) return;
  throw Error(ErrorKind::failed, cat("cannot write to ", what, ": ", std::strerror(error)),
              error == EPIPE    ? "the program that reads it has ended"
              : error == ENOSPC ? "the disk is full"
                                : "is it open, and in order?");
}

}  // namespace rolecall

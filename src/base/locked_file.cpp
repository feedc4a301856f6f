#include "base/locked_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/files.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr std::size_t max_size = std::size_t{16} << 20;
constexpr std::chrono::seconds lock_wait{10};
constexpr int max_links = 40;  // as the kernel's own limit

[[noreturn]] void fail(const FileRole& role, int error, const std::string& what) {
  const std::string text = what + ": " + std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      throw Error(ErrorKind::try_later, text, "make room on that file system");
    case EACCES:
    case EPERM:
      throw Error(
          ErrorKind::usage, text,
          "run as the file's owner, who must be able to write to its directory too: the new "
          "file is made there");
    case EROFS:
      throw Error(ErrorKind::usage, text,
                  std::string("name a file that can be written in ") + role.variable);
    default:
      throw Error(ErrorKind::failed, text);
  }
}

// Where the chain of symbolic links at `path` ends; the last one may point to nothing yet.
std::string follow_links(const FileRole& role, const std::string& path) {
  std::filesystem::path current(path);
  for (int links = 0;; ++links) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(current, error);
    if (error) return current.string();  // not there, or not a link
    if (links == max_links) fail(role, ELOOP, "cannot follow the links at " + path);
    current = target.is_absolute() ? target : current.parent_path() / target;
  }
}

// The lock file belongs to whom the file or, without one, the directory belongs to, so that a run
// as root does not shut the owner out.
void give_to_owner(int lock, const std::string& target, const std::string& directory) {
  struct stat info {};
  if (geteuid() != 0) return;
  if (stat(target.c_str(), &info) != 0 && stat(directory.c_str(), &info) != 0) return;
  const int result = fchown(lock, info.st_uid, info.st_gid);
  static_cast<void>(result);  // where it cannot be had, the lock still locks
}

int open_lock(const FileRole& role, const std::string& path, const std::string& target,
              const std::string& directory) {
  for (;;) {
    int lock = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (lock < 0 && errno == ENOENT) {
      // Not O_CREAT alone: in a sticky directory a kernel refuses it for others' files.
      lock =
          open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
      if (lock < 0 && errno == EEXIST) continue;
      if (lock >= 0) give_to_owner(lock, target, directory);
    }
    if (lock < 0) fail(role, errno, "cannot open lock file " + path);
    return lock;
  }
}

void wait_for_lock(const FileRole& role, int lock, const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + lock_wait;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) fail(role, errno, "cannot lock " + path);
    if (std::chrono::steady_clock::now() > end) {
      throw Error(
          ErrorKind::try_later,
          "another rolecall has held " + path + " for " + std::to_string(lock_wait.count()) + " s",
          "fuser shows which; once it ends, the lock is free");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string new_file_prefix(const std::string& name) {
  return "." + name + ".rolecall-new-";
}
constexpr std::string_view new_file_pattern = "XXXXXX";

// Under the lock no other writer lives, so whatever bears our name was left by one that was killed.
void remove_stale(const std::string& directory, const std::string& name) {
  const std::string prefix = new_file_prefix(name);
  std::error_code error;
  for (std::filesystem::directory_iterator i(directory, error), end; !error && i != end;
       i.increment(error)) {
    const std::string entry = i->path().filename().string();
    if (entry.starts_with(prefix) && entry.size() == prefix.size() + new_file_pattern.size()) {
      unlink(i->path().c_str());
    }
  }
}

// A file that is gone unless it has taken the place of the other.
class NewFile {
 public:
  NewFile(const FileRole& role, const std::string& directory, const std::string& name)
      : role_(role), path_(directory + new_file_prefix(name) + std::string(new_file_pattern)) {
    fd_ = mkostemp(path_.data(), O_CLOEXEC);  // with mode 0600
    if (fd_ < 0) fail(role_, errno, "cannot make a file in " + directory);
  }
  ~NewFile() {
    if (fd_ >= 0) close(fd_);
    if (!placed_) unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail(role_, errno, "cannot write " + path_);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void take_after(const struct stat& old, const std::string& old_path) const {
    struct stat now {};
    if (fstat(fd_, &now) != 0) fail(role_, errno, "cannot read " + path_);
    const bool same = now.st_uid == old.st_uid && now.st_gid == old.st_gid;
    if (!same && fchown(fd_, old.st_uid, old.st_gid) != 0) {
      fail(role_, errno, "cannot give the new file the old one's owner and group");
    }
    if (fchmod(fd_, old.st_mode & 07777) != 0) {
      fail(role_, errno, "cannot give the new file the old one's mode");
    }
    take_acl(old_path);
  }
  // With an access control list the group's bits of the mode are the list's mask: alone they could
  // give the group more than it had.
  void take_acl(const std::string& old_path) const {
    static constexpr const char* name = "system.posix_acl_access";
    const ssize_t size = getxattr(old_path.c_str(), name, nullptr, 0);
    if (size <= 0) return;  // none, or a file system without them
    std::string acl(static_cast<std::size_t>(size), '\0');
    if (getxattr(old_path.c_str(), name, acl.data(), acl.size()) != size ||
        fsetxattr(fd_, name, acl.data(), acl.size(), 0) != 0) {
      fail(role_, errno, "cannot give the new file the old one's access control list");
    }
  }
  int descriptor() const { return fd_; }
  // Some file systems tell of a full disk only here.
  void place(const std::string& target) {
    if (fsync(fd_) != 0) fail(role_, errno, "cannot write " + path_);
    if (close(std::exchange(fd_, -1)) != 0) fail(role_, errno, "cannot write " + path_);
    if (std::rename(path_.c_str(), target.c_str()) != 0)
      fail(role_, errno, "cannot replace " + target);
    placed_ = true;
  }

 private:
  FileRole role_;
  std::string path_;
  int fd_ = -1;
  bool placed_ = false;
};

Secret read_file(const FileRole& role, const std::string& path, int flags) {
  const std::string name = std::string(role.what) + " " + path;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (file.fd < 0 && errno == ENOENT) return {};
  if (file.fd < 0) fail(role, errno, "cannot open " + name);
  struct stat info {};
  if (fstat(file.fd, &info) != 0) fail(role, errno, "cannot read " + name);
  if (!S_ISREG(info.st_mode)) throw Error(ErrorKind::usage, name + " is not a regular file");
  const auto refuse_size = [&name] {
    throw Error(ErrorKind::usage, name + " is larger than 16 MiB", "is it the right file?");
  };
  if (info.st_size > static_cast<off_t>(max_size)) refuse_size();
  std::size_t used = 0;
  Secret bytes;
  bytes.resize(static_cast<std::size_t>(std::max<off_t>(info.st_size, 0)) + 1);
  for (;;) {
    if (used > max_size) refuse_size();
    if (used == bytes.size()) bytes.resize(used * 2);
    const ssize_t got = read(file.fd, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(role, errno, "cannot read " + name);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

void sync_directory(const std::string& directory) {
  const Descriptor open_directory(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // What was done is seen by all; that some file systems cannot sync a directory is no error.
  if (open_directory.fd >= 0) fsync(open_directory.fd);
}

}  // namespace

LockedFile::LockedFile(const FileRole& role, const std::string& path)
    : role_(role), target_(follow_links(role, path)) {
  const std::size_t slash = target_.rfind('/');
  directory_ = slash == std::string::npos ? "./" : target_.substr(0, slash + 1);
  name_ = slash == std::string::npos ? target_ : target_.substr(slash + 1);
  if (name_.empty() || name_ == "." || name_ == "..") {
    throw Error(ErrorKind::usage, std::string(role.what) + " " + path + " is a directory");
  }
  const std::string failed = make_directories(directory_);
  const int error = errno;
  if (!failed.empty()) fail(role, error, "cannot make directory " + failed);
  const std::string lock_path = directory_ + "." + name_ + ".rolecall-lock";
  Descriptor lock(open_lock(role, lock_path, target_, directory_));
  wait_for_lock(role, lock.fd, lock_path);
  remove_stale(directory_, name_);
  lock_ = std::exchange(lock.fd, -1);
}

LockedFile::~LockedFile() {
  close(lock_);  // the file stays: who takes it away could take it from under one who waits
}

Secret LockedFile::read() const {
  return read_file(role_, target_, O_NOFOLLOW);
}

void LockedFile::replace(std::string_view bytes) const {
  NewFile file(role_, directory_, name_);
  file.write(bytes);
  struct stat old {};
  if (lstat(target_.c_str(), &old) == 0) {
    if (!S_ISREG(old.st_mode)) {
      throw Error(ErrorKind::usage,
                  std::string(role_.what) + " " + target_ + " is not a regular file");
    }
    file.take_after(old, target_);
  } else if (errno != ENOENT) {
    fail(role_, errno, "cannot look at " + target_);
  }
  file.place(target_);
  sync_directory(directory_);
}

std::string LockedFile::back_up(const std::string& suffix) const {
  std::string path = target_ + suffix;
  struct stat info {};
  for (int count = 2; lstat(path.c_str(), &info) == 0; ++count)
    path = target_ + suffix + "." + std::to_string(count);
  const Secret bytes = read();
  NewFile file(role_, directory_, name_);
  file.write(bytes.view());
  give_to_owner(file.descriptor(), target_, directory_);
  file.place(path);
  sync_directory(directory_);
  return path;
}

Secret read_text_file(const FileRole& role, const std::string& path) {
  return read_file(role, path, 0);
}

}  // namespace rolecall

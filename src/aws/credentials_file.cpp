#include "aws/credentials_file.h"

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
#include <optional>
#include <thread>
#include <utility>

#include "base/files.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

constexpr std::size_t max_size = std::size_t{16} << 20;
constexpr std::chrono::seconds lock_wait{10};
constexpr int max_links = 40;  // as the kernel's own limit

[[noreturn]] void fail(int error, const std::string& what) {
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
                  "name a file that can be written in AWS_SHARED_CREDENTIALS_FILE");
    default:
      throw Error(ErrorKind::failed, text);
  }
}

// Where the chain of symbolic links at `path` ends; the last one may point to nothing yet.
std::string follow_links(const std::string& path) {
  std::filesystem::path current(path);
  for (int links = 0;; ++links) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(current, error);
    if (error) return current.string();  // not there, or not a link
    if (links == max_links) fail(ELOOP, "cannot follow the links at " + path);
    current = target.is_absolute() ? target : current.parent_path() / target;
  }
}

void make_directories(const std::string& directory) {
  for (std::size_t slash = directory.find('/', 1); slash != std::string::npos;
       slash = directory.find('/', slash + 1)) {
    const std::string part = directory.substr(0, slash);
    if (mkdir(part.c_str(), S_IRWXU) == 0 || errno == EEXIST) continue;
    struct stat info {};
    const int error = errno;  // EROFS and EACCES also come for what is there
    if (stat(part.c_str(), &info) != 0) fail(error, "cannot make directory " + part);
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

int open_lock(const std::string& path, const std::string& target, const std::string& directory) {
  for (;;) {
    int lock = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (lock < 0 && errno == ENOENT) {
      // Not O_CREAT alone: in a sticky directory a kernel refuses it for others' files.
      lock =
          open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
      if (lock < 0 && errno == EEXIST) continue;
      if (lock >= 0) give_to_owner(lock, target, directory);
    }
    if (lock < 0) fail(errno, "cannot open lock file " + path);
    return lock;
  }
}

void wait_for_lock(int lock, const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + lock_wait;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) fail(errno, "cannot lock " + path);
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

struct Content {
  Secret bytes;
  std::optional<struct stat> info;  // none: there is no file yet
};

Content read_target(const std::string& path) {
  Content content;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.fd < 0 && errno == ENOENT) return content;
  if (file.fd < 0) fail(errno, "cannot open credentials file " + path);
  struct stat info {};
  if (fstat(file.fd, &info) != 0) fail(errno, "cannot read credentials file " + path);
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorKind::usage, "credentials file " + path + " is not a regular file");
  }
  content.info = info;
  const auto refuse_size = [&path] {
    throw Error(ErrorKind::usage, "credentials file " + path + " is larger than 16 MiB",
                "is it the right file?");
  };
  if (info.st_size > static_cast<off_t>(max_size)) refuse_size();
  std::size_t used = 0;
  content.bytes.resize(static_cast<std::size_t>(std::max<off_t>(info.st_size, 0)) + 1);
  for (;;) {
    if (used > max_size) refuse_size();
    if (used == content.bytes.size()) content.bytes.resize(used * 2);
    const ssize_t got = read(file.fd, content.bytes.data() + used, content.bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(errno, "cannot read credentials file " + path);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  content.bytes.resize(used);
  return content;
}

// A file that is gone unless it has taken the place of the other.
class NewFile {
 public:
  NewFile(const std::string& directory, const std::string& name)
      : path_(directory + new_file_prefix(name) + std::string(new_file_pattern)) {
    fd_ = mkostemp(path_.data(), O_CLOEXEC);  // with mode 0600
    if (fd_ < 0) fail(errno, "cannot make a file in " + directory);
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
      if (put < 0) fail(errno, "cannot write " + path_);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void take_after(const struct stat& old, const std::string& old_path) const {
    struct stat now {};
    if (fstat(fd_, &now) != 0) fail(errno, "cannot read " + path_);
    const bool same = now.st_uid == old.st_uid && now.st_gid == old.st_gid;
    if (!same && fchown(fd_, old.st_uid, old.st_gid) != 0) {
      fail(errno, "cannot give the new credentials file the old one's owner and group");
    }
    if (fchmod(fd_, old.st_mode & 07777) != 0) {
      fail(errno, "cannot give the new credentials file the old one's mode");
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
      fail(errno, "cannot give the new credentials file the old one's access control list");
    }
  }
  // Some file systems tell of a full disk only here.
  void place(const std::string& target) {
    if (fsync(fd_) != 0) fail(errno, "cannot write " + path_);
    if (close(std::exchange(fd_, -1)) != 0) fail(errno, "cannot write " + path_);
    if (std::rename(path_.c_str(), target.c_str()) != 0) fail(errno, "cannot replace " + target);
    placed_ = true;
  }

 private:
  std::string path_;
  int fd_ = -1;
  bool placed_ = false;
};

}  // namespace

LockedCredentialsFile::LockedCredentialsFile(const std::string& path)
    : target_(follow_links(path)) {
  const std::size_t slash = target_.rfind('/');
  directory_ = slash == std::string::npos ? "./" : target_.substr(0, slash + 1);
  name_ = slash == std::string::npos ? target_ : target_.substr(slash + 1);
  if (name_.empty() || name_ == "." || name_ == "..") {
    throw Error(ErrorKind::usage, "credentials file " + path + " is a directory");
  }
  make_directories(directory_);
  const std::string lock_path = directory_ + "." + name_ + ".rolecall-lock";
  Descriptor lock(open_lock(lock_path, target_, directory_));
  wait_for_lock(lock.fd, lock_path);
  remove_stale(directory_, name_);
  lock_ = std::exchange(lock.fd, -1);
}

LockedCredentialsFile::~LockedCredentialsFile() {
  close(lock_);  // the file stays: who takes it away could take it from under one who waits
}

std::vector<std::string> LockedCredentialsFile::set(std::string_view profile,
                                                    const Credentials& credentials) const {
  const Content old = read_target(target_);
  EditedFile edited = set_profile_credentials(old.bytes.view(), profile, credentials);
  NewFile file(directory_, name_);
  file.write(edited.bytes.view());
  if (old.info) file.take_after(*old.info, target_);
  file.place(target_);
  const Descriptor directory(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // The rename is done and seen by all; that some file systems cannot sync a directory is no error.
  if (directory.fd >= 0) fsync(directory.fd);
  for (std::string& warning : edited.warnings)
    warning = "credentials file " + target_ + ": " + warning;
  return std::move(edited.warnings);
}

}  // namespace rolecall::aws

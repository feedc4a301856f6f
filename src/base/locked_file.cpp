#include "base/locked_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/copy_access.h"
#include "base/descriptor_io.h"
#include "base/file_trust.h"
#include "base/files.h"
#include "base/new_file.h"
#include "base/random.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "base/time.h"
#include "base/waiting.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr std::size_t max_size = std::size_t{16} << 20;
constexpr std::chrono::seconds lock_wait{10};
constexpr int open_flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr std::size_t random_characters = 6;

// A new file that is to replace `name` is called by this prefix and random characters.
std::string new_file_prefix(const std::string& name) {
  return cat(".", name, ".rolecall-new-");
}

std::string new_file_name(const std::string& name) {
  std::string result = new_file_prefix(name);
  std::uint64_t number = random_number();
  for (std::size_t i = 0; i < random_characters; ++i) {
    result += letters_and_digits[number % letters_and_digits.size()];
    number /= letters_and_digits.size();
  }
  return result;
}

bool cannot_be_written_to(int error) {
  return error == EACCES || error == EPERM || error == EROFS;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether the file itself is a mount point, such as a bind mount in a container. Only root can make
// it one.
bool is_mounted(int file) {
  constexpr auto mount_root = 0x2000;  // STATX_ATTR_MOUNT_ROOT, which musl's headers do not have
  // Called by its number, because glibc has a function for it only since 2.28.
  struct statx info {};
  return syscall(SYS_statx, file, "", AT_EMPTY_PATH, 0, &info) == 0 &&
         (info.stx_attributes & info.stx_attributes_mask & mount_root) != 0;
}

Secret read_open_file(const FileRole& role, const std::string& name, int file) {
  Secret bytes;
  const int error = read_whole(file, max_size, bytes);
  if (error == EFBIG)
    throw Error(ErrorKind::usage, name + " is larger than 16 MiB", "is it the right file?");
  if (error != 0) fail_on_file(role, error, "cannot read " + name);
  return bytes;
}

[[noreturn]] void refuse_kind(const std::string& name) {
  throw Error(ErrorKind::usage, name + " is not a regular file");
}

}  // namespace

LockedFile::LockedFile(const FileRole& role, const std::string& path, const Reporter& reporter,
                       const Clock& clock)
    : role_(role), reporter_(reporter), directory_(role, path, reporter) {
  const std::string name = "." + directory_.name() + ".rolecall-lock";
  lock_ = open_lock_file(name);
  if (lock_.is_open()) {
    wait_for_lock(lock_.fd(), directory_.path_of(name), clock);
    file_ = open_file();
    // The same file may be mounted elsewhere, beside another lock file, so it is locked itself too.
    if (file_.is_open() && is_mounted(file_.fd())) wait_for_lock(file_.fd(), target(), clock);
  } else {
    lock_the_file_itself(clock);
  }
  if (lock_.is_open() || file_.is_open()) remove_stale();
}

// The result is not open if the file does not exist.
Descriptor LockedFile::open_file() const {
  struct stat info {};
  const char* name = directory_.name().c_str();
  if (fstatat(directory_.fd(), name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Descriptor();
    fail_on_file(role_, errno, "cannot read the attributes of " + target());
  }
  if (!S_ISREG(info.st_mode)) refuse_kind(what());
  Descriptor file(openat(directory_.fd(), name, O_RDONLY | open_flags));
  if (!file.is_open() && errno == ENOENT) return Descriptor();
  if (!file.is_open() && errno == ELOOP) refuse_kind(what());
  if (!file.is_open() || fstat(file.fd(), &info) != 0)
    fail_on_file(role_, errno, "cannot open " + what());
  if (!S_ISREG(info.st_mode)) refuse_kind(what());
  check_owner_and_mode(info);
  return file;
}

void LockedFile::check_owner_and_mode(const struct stat& info) const {
  if (!directory_.trusts_owner(info.st_uid)) {
    throw Error(ErrorKind::usage,
                cat(what(), " belongs to user ", info.st_uid,
                    ", who is neither root nor the user that rolecall runs as"),
                "run as that user, or remove the file");
  }
  if ((info.st_mode & S_IWOTH) != 0) {
    throw Error(ErrorKind::usage,
                what() + " has mode " + mode_text(info.st_mode) + ": every user can write to it",
                "check the content of the file, then run chmod 600 " + shell_word(target()));
  }
}

// The text also says what to do, if something can be done.
std::string LockedFile::why_lock_is_unusable(const std::string& name, int error) const {
  struct stat info {};
  if (fstatat(directory_.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISREG(info.st_mode)) return "is not a regular file (remove it)";
    if (!directory_.trusts_owner(info.st_uid))
      return cat("belongs to user ", info.st_uid, " (remove it)");
  }
  return cat("cannot be opened: ", std::strerror(error));
}

// The result is not open if the lock file cannot be used.
Descriptor LockedFile::open_lock_file(const std::string& name) {
  for (;;) {
    Descriptor lock(openat(directory_.fd(), name.c_str(), O_RDWR | open_flags));
    struct stat info {};
    if (lock.is_open() && fstat(lock.fd(), &info) == 0 && S_ISREG(info.st_mode) &&
        directory_.trusts_owner(info.st_uid))
      return lock;
    const int error = !lock.is_open() ? errno : 0;
    if (error != ENOENT) {
      reporter_.warning("lock file " + directory_.path_of(name) + " " +
                        why_lock_is_unusable(name, error) + "; " + target() +
                        " itself is locked instead");
      return Descriptor();
    }
    // O_EXCL too, because in a sticky directory a kernel can refuse O_CREAT for files of other
    // users (fs.protected_regular).
    lock = Descriptor(openat(directory_.fd(), name.c_str(), O_RDWR | open_flags | O_CREAT | O_EXCL,
                             S_IRUSR | S_IWUSR));
    if (!lock.is_open() && errno == EEXIST) continue;
    if (!lock.is_open() && cannot_be_written_to(errno)) return Descriptor();
    if (!lock.is_open())
      fail_on_file(role_, errno, "cannot make lock file " + directory_.path_of(name));
    give_to_owner(lock.fd());
    return lock;
  }
}

// Repeats until the file that is locked is the one that the name leads to, because the process that
// held the lock before may have replaced the file.
void LockedFile::lock_the_file_itself(const Clock& clock) {
  for (;;) {
    Descriptor file = open_file();
    if (!file.is_open()) return;  // no file to lock: only another first writer can lose its text
    wait_for_lock(file.fd(), target(), clock);
    struct stat locked {};
    struct stat named {};
    if (fstat(file.fd(), &locked) == 0 &&
        fstatat(directory_.fd(), directory_.name().c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_same_file(locked, named)) {
      file_ = std::move(file);
      return;
    }
  }
}

void LockedFile::wait_for_lock(int lock, const std::string& path, const Clock& clock) const {
  const Waiting waiting("the lock " + path + ", which another rolecall process holds");
  const auto end = clock.steady() + lock_wait;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) fail_on_file(role_, errno, "cannot lock " + path);
    if (clock.steady() > end) {
      throw Error(ErrorKind::try_later,
                  "another rolecall process has held " + path + " for " + seconds_text(lock_wait),
                  "fuser shows the process; when it ends, the lock is free");
    }
    clock.wait(std::chrono::milliseconds(10));
  }
}

// If root writes beside another user's file, in a directory that only root can change, the new file
// belongs to that user. So a run as root does not lock that user out. If others could write to the
// directory, they could put a file of their own under the name, and would get a copy of root's
// content.
void LockedFile::give_to_owner(int descriptor) const {
  struct stat info {};
  if (geteuid() != 0 || directory_.rights() != nullptr || !directory_.only_we_can_write()) return;
  if (fstatat(directory_.fd(), directory_.name().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  const int result = fchown(descriptor, info.st_uid, info.st_gid);
  static_cast<void>(result);  // if the owner cannot be changed, the lock works anyway
}

// While the lock is held, no other process writes. So every file with the prefix was left by a
// writer that was killed.
void LockedFile::remove_stale() const {
  const std::string prefix = new_file_prefix(directory_.name());
  for (const std::string& name : names_in(directory_.fd())) {
    if (name.starts_with(prefix) && name.size() == prefix.size() + random_characters)
      unlinkat(directory_.fd(), name.c_str(), 0);
  }
}

Secret LockedFile::read() const {
  return !file_.is_open() ? Secret() : read_open_file(role_, what(), file_.fd());
}

mode_t LockedFile::mode() const {
  struct stat info {};
  return file_.is_open() && fstat(file_.fd(), &info) == 0 ? info.st_mode : 0;
}

void LockedFile::replace(std::string_view bytes) const {
  constexpr const char* mounted = "it is a mount point";
  if (file_.is_open() && is_mounted(file_.fd())) return write_in_place(bytes, mounted);
  NewFile file(directory_.fd(), new_file_name(directory_.name()));
  if (file.error() != 0) {
    const bool is_safe = file_.is_open() && directory_.only_we_can_write();
    if (is_safe && cannot_be_written_to(file.error()))
      return write_in_place(bytes, "its directory cannot be written to");
    const std::string what = "cannot make a file in " + directory_.path();
    if (file.error() == EACCES && faccessat(directory_.fd(), ".", W_OK, AT_EACCESS) == 0) {
      throw Error(ErrorKind::usage, cat(what, ": ", std::strerror(EACCES)),
                  "the directory's mode allows it. update can write only in the directory that was "
                  "there at its start: start it again, or use --no-sandbox");
    }
    fail_on_file(role_, file.error(), what);
  }
  write_to(file, bytes);
  if (file_.is_open()) copy_access(role_, file_.fd(), file.descriptor(), directory_.rights());
  const int error = file.replace(directory_.name());
  if (error == EBUSY) return write_in_place(bytes, mounted);
  if (error != 0) fail_on_file(role_, error, "cannot replace " + target());
}

void LockedFile::write_to(const NewFile& file, std::string_view bytes) const {
  if (const int error = file.write(bytes); error != 0)
    fail_on_file(role_, error, "cannot write " + directory_.path_of(file.name()));
}

// Used only if nobody can have put another user's file here, because that file would be
// overwritten.
void LockedFile::write_in_place(std::string_view bytes, const char* why) const {
  const Descriptor file(openat(directory_.fd(), directory_.name().c_str(), O_WRONLY | open_flags));
  struct stat opened {};
  struct stat seen {};
  if (!file.is_open() || fstat(file.fd(), &opened) != 0 || fstat(file_.fd(), &seen) != 0) {
    fail_on_file(role_, errno,
                 what() + " cannot be replaced (" + why + ") and cannot be opened for writing");
  }
  if (!is_same_file(opened, seen))
    throw Error(ErrorKind::try_later, what() + " was replaced by another program", "try again");
  reporter_.warning(
      what() + " cannot be replaced (" + why +
      "), so it is written in place: a crash during the write can leave the file incomplete");
  // Reserves the space first, because a full disk must be noticed before the old bytes are gone.
  const bool is_reserved =
      fallocate(file.fd(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes.size())) == 0;
  if (!is_reserved && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    fail_on_file(role_, errno, "cannot write " + what());
  const Secret old = read();
  try {
    overwrite(file.fd(), bytes);
  } catch (const Error&) {
    overwrite(file.fd(), old.view());
    throw;
  }
}

void LockedFile::overwrite(int file, std::string_view bytes) const {
  const auto size = static_cast<off_t>(bytes.size());
  for (off_t at = 0; at < size;) {
    const ssize_t put =
        pwrite(file, bytes.data() + at, bytes.size() - static_cast<std::size_t>(at), at);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_on_file(role_, errno, "cannot write " + what());
    at += put;
  }
  if (ftruncate(file, size) != 0 || fsync(file) != 0)
    fail_on_file(role_, errno, "cannot write " + what());
}

std::string LockedFile::back_up(std::chrono::sys_seconds now) const {
  const std::string name = directory_.name() + ".rolecall-backup-" + amz_date(now);
  for (int count = 1;; ++count) {
    NewFile file(directory_.fd(), count == 1 ? name : cat(name, ".", count));
    if (file.error() == EEXIST) continue;
    if (file.error() != 0)
      fail_on_file(role_, file.error(), "cannot make a copy of " + what() + " in its directory");
    write_to(file, read().view());
    give_to_owner(file.descriptor());
    if (const int error = file.keep(); error != 0)
      fail_on_file(role_, error, "cannot write " + directory_.path_of(file.name()));
    return directory_.path_of(file.name());
  }
}

void LockedFile::remove_copy(const std::string& path) const {
  unlinkat(directory_.fd(), path.substr(path.rfind('/') + 1).c_str(), 0);
}

Secret read_text_file(const FileRole& role, const std::string& path, FileTrust trust) {
  const std::string name = cat(role.what, " ", path);
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open() && errno == ENOENT) return {};
  struct stat info {};
  if (!file.is_open() || fstat(file.fd(), &info) != 0)
    fail_on_file(role, errno, "cannot open " + name);
  if (!S_ISREG(info.st_mode)) refuse_kind(name);
  if (trust == FileTrust::needed)
    require_trusted_file(role.what, path, info.st_mode, info.st_uid,
                         "run this command as the owner of the file");
  return read_open_file(role, name, file.fd());
}

}  // namespace rolecall

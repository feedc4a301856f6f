#include "base/new_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

namespace rolecall {
namespace {

constexpr const char* access_control_list = "system.posix_acl_access";

}  // namespace

std::string new_file_prefix(const std::string& name) {
  return "." + name + ".rolecall-new-";
}

std::string new_file_name(const std::string& name) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::array<unsigned char, random_characters> bytes{};
  const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
  static_cast<void>(got);  // a name that is taken is found out, whatever it is
  std::string result = new_file_prefix(name);
  for (const unsigned char byte : bytes)
    result += letters[byte % letters.size()];
  return result;
}

NewFile::NewFile(const FileRole& role, const SafeDirectory& directory, std::string name)
    : role_(role),
      directory_(directory),
      name_(std::move(name)),
      file_(openat(directory.fd(), name_.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)),
      error_(file_.is_open() ? 0 : errno) {}

NewFile::~NewFile() {
  if (error_ == 0 && !stays_) unlinkat(directory_.fd(), name_.c_str(), 0);
}

void NewFile::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_.fd(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_on_file(role_, errno, "cannot write " + path());
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void NewFile::take_after(int old) const {
  struct stat info {};
  if (fstat(old, &info) != 0) fail_on_file(role_, errno, "cannot look at the old file");
  if (!take_owner(info))
    fail_on_file(role_, errno, "cannot give the new file the old one's owner and group");
  take_access_control_list(old);
  // Last, as giving a file away changes its mode. No program is to run with its rights.
  if (fchmod(file_.fd(), info.st_mode & 0777) != 0)
    fail_on_file(role_, errno, "cannot give the new file the old one's mode");
}

bool NewFile::take_owner(const struct stat& old) const {
  struct stat now {};
  if (fstat(file_.fd(), &now) != 0) return false;
  if (now.st_uid == old.st_uid && now.st_gid == old.st_gid) return true;
  // The owner of both could write the old file, too, whose group he need not be in. To no other
  // owner: he has had the new file in his hand.
  std::optional<ActingAs::Pause> as_root;
  if (directory_.rights() != nullptr && now.st_uid == old.st_uid)
    as_root.emplace(*directory_.rights());
  return fchown(file_.fd(), old.st_uid, old.st_gid) == 0;
}

// With a list the group's bits of the mode are its mask: alone they could give the group more than
// it had. One that the directory gives to new files has no say here.
void NewFile::take_access_control_list(int old) const {
  const ssize_t size = fgetxattr(old, access_control_list, nullptr, 0);
  if (size <= 0) {  // none, or a file system without them
    if (fremovexattr(file_.fd(), access_control_list) == 0 || errno == ENODATA || errno == ENOTSUP)
      return;
  } else {
    std::string list(static_cast<std::size_t>(size), '\0');
    if (fgetxattr(old, access_control_list, list.data(), list.size()) == size &&
        fsetxattr(file_.fd(), access_control_list, list.data(), list.size(), 0) == 0)
      return;
  }
  fail_on_file(role_, errno, "cannot give the new file the old one's access control list");
}

void NewFile::keep() {
  // Some file systems tell of a full disk only here.
  if (fsync(file_.fd()) != 0) fail_on_file(role_, errno, "cannot write " + path());
  if (close(file_.release()) != 0) fail_on_file(role_, errno, "cannot write " + path());
  stays_ = true;
}

bool NewFile::place(const std::string& name) {
  keep();
  if (renameat(directory_.fd(), name_.c_str(), directory_.fd(), name.c_str()) == 0) return true;
  const int error = errno;
  stays_ = false;
  if (error == EBUSY) return false;
  fail_on_file(role_, error, "cannot replace " + directory_.path_of(name));
}

}  // namespace rolecall

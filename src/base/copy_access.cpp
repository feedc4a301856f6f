#include "base/copy_access.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

namespace rolecall {
namespace {

constexpr const char* access_control_list = "system.posix_acl_access";

bool copy_owner(const struct stat& old, int to, const ActingAs* rights) {
  struct stat now {};
  if (fstat(to, &now) != 0) return false;
  if (now.st_uid == old.st_uid && now.st_gid == old.st_gid) return true;
  // The owner of both could write the old file, too, whose group he need not be in. To no other
  // owner: he has had the new file in his hand.
  std::optional<ActingAs::Pause> as_root;
  if (rights != nullptr && now.st_uid == old.st_uid) as_root.emplace(*rights);
  return fchown(to, old.st_uid, old.st_gid) == 0;
}

// With a list the group's bits of the mode are its mask: alone they could give the group more than
// it had. One that the directory gives to new files has no say here.
bool copy_access_control_list(int from, int to) {
  const ssize_t size = fgetxattr(from, access_control_list, nullptr, 0);
  if (size <= 0) {  // none, or a file system without them
    return fremovexattr(to, access_control_list) == 0 || errno == ENODATA || errno == ENOTSUP;
  }
  std::string list(static_cast<std::size_t>(size), '\0');
  return fgetxattr(from, access_control_list, list.data(), list.size()) == size &&
         fsetxattr(to, access_control_list, list.data(), list.size(), 0) == 0;
}

}  // namespace

void copy_access(const FileRole& role, int from, int to, const ActingAs* rights) {
  struct stat info {};
  if (fstat(from, &info) != 0) fail_on_file(role, errno, "cannot look at the old file");
  if (!copy_owner(info, to, rights))
    fail_on_file(role, errno, "cannot give the new file the old one's owner and group");
  if (!copy_access_control_list(from, to))
    fail_on_file(role, errno, "cannot give the new file the old one's access control list");
  // Last, as giving a file away changes its mode. No program is to run with its rights.
  if (fchmod(to, info.st_mode & 0777) != 0)
    fail_on_file(role, errno, "cannot give the new file the old one's mode");
}

}  // namespace rolecall

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
  // If both files have the same owner, root sets the group, because the owner need not be in the
  // old file's group. This gives the owner nothing new: the owner could also write the old file. If
  // the owners differ, root must not help, because the owner of the new file may have it open.
  std::optional<ActingAs::Pause> as_root;
  if (rights != nullptr && now.st_uid == old.st_uid) as_root.emplace(*rights);
  return fchown(to, old.st_uid, old.st_gid) == 0;
}

// If a file has an access control list, the group bits of its mode are the mask of that list.
// Without the list, these bits could give the group more rights than it had. If the old file has no
// list, a list that the new file got from its directory is removed.
bool copy_access_control_list(int from, int to) {
  const ssize_t size = fgetxattr(from, access_control_list, nullptr, 0);
  if (size <= 0) {  // no list, or a file system without lists
    return fremovexattr(to, access_control_list) == 0 || errno == ENODATA || errno == ENOTSUP;
  }
  std::string list(static_cast<std::size_t>(size), '\0');
  return fgetxattr(from, access_control_list, list.data(), list.size()) == size &&
         fsetxattr(to, access_control_list, list.data(), list.size(), 0) == 0;
}

}  // namespace

void copy_access(const FileRole& role, int from, int to, const ActingAs* rights) {
  struct stat info {};
  if (fstat(from, &info) != 0)
    fail_on_file(role, errno, "cannot read the access rights of the old file");
  if (!copy_owner(info, to, rights))
    fail_on_file(role, errno,
                 "cannot set the owner and group of the new file to those of the old file");
  if (!copy_access_control_list(from, to))
    fail_on_file(role, errno,
                 "cannot copy the access control list of the old file to the new file");
  // Last, because changing the owner changes the mode. The setuid and setgid bits are not copied,
  // because no program may run with the rights of the file's owner.
  if (fchmod(to, info.st_mode & 0777) != 0)
    fail_on_file(role, errno, "cannot set the mode of the new file to that of the old file");
}

}  // namespace rolecall

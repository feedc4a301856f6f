#include "base/file_trust.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>

#include "base/text.h"
#include "base/user_groups.h"

namespace rolecall {
namespace {

bool has_access_control_list(const std::string& path) {
  const ssize_t size = getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0);
  return size > 0 || (size < 0 && errno != ENODATA && errno != ENOTSUP);
}

}  // namespace

std::string untrusted_owner_text(uid_t owner, uid_t user) {
  if (owner == 0 || owner == user) return {};
  return cat("belongs to user ", owner, ", who is neither root nor this user (", user, ")");
}

OtherWriters other_writers(const struct stat& info, const std::string& path, uid_t user) {
  if ((info.st_mode & S_IWOTH) != 0) return OtherWriters::everybody;
  if ((info.st_mode & S_IWGRP) == 0) return OtherWriters::none;
  return has_access_control_list(path) || !is_private_group(info.st_gid, user) ? OtherWriters::group
                                                                               : OtherWriters::none;
}

}  // namespace rolecall

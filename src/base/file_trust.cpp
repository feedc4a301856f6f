#include "base/file_trust.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/shell_word.h"
#include "base/text.h"
#include "base/user_groups.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

bool has_access_control_list(const std::string& path) {
  const ssize_t size = getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0);
  return size > 0 || (size < 0 && errno != ENODATA && errno != ENOTSUP);
}

}  // namespace

std::string mode_text(mode_t mode) {
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return octal.data();
}

std::string untrusted_owner_text(uid_t owner, uid_t user) {
  if (owner == 0 || owner == user) return {};
  return cat("belongs to user ", owner, ", who is neither root nor this user (", user, ")");
}

void require_trusted_file(std::string_view what, const std::string& path, mode_t mode, uid_t owner,
                          const char* hint_for_owner) {
  const std::string name = cat(what, " ", path);
  if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw Error(
        ErrorKind::usage,
        cat(name, " has mode ", mode_text(mode), ": users other than its owner can write it"),
        cat("check that nobody has changed its content, then run chmod go-w ", shell_word(path)));
  }
  if (const std::string text = untrusted_owner_text(owner, geteuid()); !text.empty())
    throw Error(ErrorKind::usage, cat(name, " ", text), hint_for_owner);
}

OtherWriters other_writers(const struct stat& info, const std::string& path, uid_t user) {
  if ((info.st_mode & S_IWOTH) != 0) return OtherWriters::everybody;
  if ((info.st_mode & S_IWGRP) == 0) return OtherWriters::none;
  return has_access_control_list(path) || !is_private_group(info.st_gid, user) ? OtherWriters::group
                                                                               : OtherWriters::none;
}

}  // namespace rolecall

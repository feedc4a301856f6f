#include "base/acting_as.h"

#include <grp.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/file_ptr.h"
#include "base/text.h"
#include "base/user_groups.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

// No user has this id. With this id, setfsuid() and setfsgid() change nothing and return the
// current id.
constexpr uid_t no_change = static_cast<uid_t>(-1);

bool take_user(uid_t user) {
  setfsuid(user);
  return static_cast<uid_t>(setfsuid(no_change)) == user;
}
bool take_group(gid_t group) {
  setfsgid(group);
  return static_cast<gid_t>(setfsgid(no_change)) == group;
}

void restore_own_rights(const std::vector<gid_t>& groups) {
  take_user(geteuid());  // first, because it restores the capabilities
  take_group(getegid());
  const int result = setgroups(groups.size(), groups.data());
  static_cast<void>(result);  // setgroups() could remove the groups, so it can restore them
}

}  // namespace

bool is_known_user(uid_t user) {
  const FilePtr map(std::fopen("/proc/self/uid_map", "re"));
  if (map == nullptr) return true;
  std::array<char, 128> line{};
  while (std::fgets(line.data(), line.size(), map.get()) != nullptr) {
    char* end = line.data();
    const unsigned long first_inside = std::strtoul(end, &end, 10);
    std::strtoul(end, &end, 10);  // skips the first id outside
    const unsigned long count = std::strtoul(end, &end, 10);
    if (user >= first_inside && user - first_inside < count) return true;
  }
  return false;
}

ActingAs::ActingAs(uid_t user) : user_(user) {
  const int count = getgroups(0, nullptr);
  own_groups_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (getgroups(count, own_groups_.data()) < 0) {
    throw Error(ErrorKind::failed, "cannot read the groups of this process");
  }
  const UserGroups groups = groups_of(user);
  // If this bit is set, the kernel keeps root's capabilities when the user changes.
  const bool keeps_capabilities =
      (prctl(PR_GET_SECUREBITS) & static_cast<int>(SECBIT_NO_SETUID_FIXUP)) != 0;
  if (keeps_capabilities || setgroups(groups.others.size(), groups.others.data()) != 0 ||
      !take_group(groups.primary) || !take_user(user)) {
    restore_own_rights(own_groups_);
    throw Error(ErrorKind::failed, cat("cannot take the rights of user ", user),
                "root needs the capabilities CAP_SETUID and CAP_SETGID to write another user's "
                "file; otherwise, run rolecall as that user");
  }
}

ActingAs::~ActingAs() {
  restore_own_rights(own_groups_);
}

ActingAs::Pause::Pause(const ActingAs& rights) : user_(rights.user_) {
  take_user(geteuid());
}

ActingAs::Pause::~Pause() {
  const int error = errno;
  take_user(user_);
  errno = error;
}

}  // namespace rolecall

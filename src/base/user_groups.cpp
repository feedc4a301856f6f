#include "base/user_groups.h"

#include <grp.h>
#include <pwd.h>

#include <set>
#include <string>

#include "base/file_ptr.h"

namespace rolecall {
namespace {

constexpr gid_t no_group = 65534;

template <class Visit>
void for_each_user(const Visit& visit) {
  const FilePtr users(std::fopen("/etc/passwd", "re"));
  while (const passwd* user = users ? fgetpwent(users.get()) : nullptr)
    visit(*user);
}

template <class Visit>
void for_each_group(const Visit& visit) {
  const FilePtr groups(std::fopen("/etc/group", "re"));
  while (const group* each = groups ? fgetgrent(groups.get()) : nullptr)
    visit(*each);
}

}  // namespace

UserGroups groups_of(uid_t user) {
  UserGroups result{no_group, {}};
  std::set<std::string> names;
  for_each_user([&](const passwd& each) {
    if (each.pw_uid != user) return;
    if (names.empty()) result.primary = each.pw_gid;
    names.insert(each.pw_name);
  });
  for_each_group([&](const group& each) {
    for (char** member = each.gr_mem; *member != nullptr; ++member) {
      if (!names.contains(*member)) continue;
      result.others.push_back(each.gr_gid);
      return;
    }
  });
  return result;
}

bool is_private_group(gid_t group_id, uid_t user) {
  bool known = false;
  bool is_private = true;
  std::set<std::string> own_names;
  for_each_user([&](const passwd& each) {
    const bool own = each.pw_uid == user || each.pw_uid == 0;
    if (own) own_names.insert(each.pw_name);
    if (!own && each.pw_gid == group_id) is_private = false;
  });
  for_each_group([&](const group& each) {
    if (each.gr_gid != group_id) return;
    known = true;
    for (char** member = each.gr_mem; *member != nullptr; ++member)
      is_private = is_private && own_names.contains(*member);
  });
  return known && is_private;
}

}  // namespace rolecall

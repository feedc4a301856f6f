// Groups of users in /etc/passwd and /etc/group. No server on the network is asked.
#pragma once

#include <sys/types.h>

#include <vector>

namespace rolecall {

struct UserGroups {
  gid_t primary;
  std::vector<gid_t> others;
};

// The groups of a user. If the user is not in /etc/passwd, the primary group is 65534, which stands
// for no group.
UserGroups groups_of(uid_t user);

// Whether the group is known and has no members except `user` and root. Many systems give each user
// such a group, and let it write to everything that the user creates.
bool is_private_group(gid_t group, uid_t user);

}  // namespace rolecall

// Groups of users, as /etc/passwd and /etc/group have them: no server on the network is asked.
#pragma once

#include <sys/types.h>

#include <vector>

namespace rolecall {

struct UserGroups {
  gid_t primary;
  std::vector<gid_t> others;
};

// Of a user who is not in /etc/passwd: the group that stands for no group (65534).
UserGroups groups_of(uid_t user);

// Whether nobody but `user` and root is known to be in the group. Many systems give each user such
// a group, and let it write whatever the user makes.
bool is_private_group(gid_t group, uid_t user);

}  // namespace rolecall

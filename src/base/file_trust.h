// Whether a file or directory is root's or this user's, and who else can write to it.
#pragma once

#include <sys/types.h>

#include <string>

struct stat;

namespace rolecall {

// Empty for root and `user`; else "belongs to user 1, who is neither root nor this user (2)".
std::string foreign_owner(uid_t owner, uid_t user);

enum class OtherWriters { none, group, everybody };

// Besides the owner. A group that only root and `user` are in is none; with an access control list
// the mode's bits for the group are the most that anyone in the list can do. `path` leads to what
// `info` is of, and no link ends it; /proc/self/fd/N does for a descriptor.
OtherWriters other_writers(const struct stat& info, const std::string& path, uid_t user);

}  // namespace rolecall

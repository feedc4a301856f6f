// Whether a file or directory belongs to root or to this user, and who else can write to it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

struct stat;

namespace rolecall {

// The permission bits, as chmod takes them: "0644".
std::string mode_text(mode_t mode);

// Empty if `owner` is root or `user`. Otherwise a text for messages: "belongs to user 1, who is
// neither root nor this user (2)".
std::string untrusted_owner_text(uid_t owner, uid_t user);

// Throws Error (usage) if a file that names commands to run belongs to a user other than root and
// this one, or if others can write it. `what` says in the message what the file is,
// `hint_for_owner` says what to do about another owner.
void require_trusted_file(std::string_view what, const std::string& path, mode_t mode, uid_t owner,
                          const char* hint_for_owner);

enum class OtherWriters { none, group, everybody };

// Who can write to a file besides its owner. A group that only root and `user` are in does not
// count. If the file has an access control list, the group bits of the mode are the most that
// anyone in the list can do. So a file with a list counts as writable by a group if these bits
// allow writing. `path` leads to the file that `info` describes, and must not end in a symbolic
// link. For a descriptor, use /proc/self/fd/N.
OtherWriters other_writers(const struct stat& info, const std::string& path, uid_t user);

}  // namespace rolecall

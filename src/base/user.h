// The users of the system, and the name of this machine.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace rolecall {

// The effective user's home directory in the system's user database, whatever HOME says; empty if
// it has none.
std::string home_of_user();

// The number of the user with this name in the system's user database; nullopt if there is none.
std::optional<uid_t> user_number(const std::string& name);

// The effective user's name in that database; empty if it has none.
std::string name_of_user();

// The name of this machine, as the kernel knows it; empty if it has none.
std::string host_name();

}  // namespace rolecall

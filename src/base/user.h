// The user that this process runs as.
#pragma once

#include <string>

namespace rolecall {

// The effective user's home directory in the system's user database, whatever HOME says; empty if
// it has none.
std::string home_of_user();

}  // namespace rolecall

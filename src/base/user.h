// The user that this process runs as.
#pragma once

#include <string>

namespace rolecall {

// The home directory that the system has for the effective user, whatever HOME says; empty where it
// has none.
std::string home_of_user();

}  // namespace rolecall

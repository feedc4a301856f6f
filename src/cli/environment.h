// The environment of the program.
#pragma once

#include <string>

namespace rolecall::cli {

// Empty where it is not set: programs take an empty variable as none.
std::string environment(const char* name);

}  // namespace rolecall::cli

// Remembers where the values of flags came from, so that each message about a value can say it: the
// file and line, or the variable, that a person has to change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::cli {

// `flag`: without its dashes. `values`: as messages show them, and none of them secret. `location`:
// such as "environment variable ROLECALL_REGION".
void remember_origin(std::string flag, std::vector<std::string> values, std::string location);

// The text to append to a message, such as "; --region comes from environment variable
// ROLECALL_REGION". The text mentions each flag that the message names, or whose value the message
// repeats, unless the value came from the command line or the message already says where the value
// came from.
std::string origins_in(std::string_view message);

}  // namespace rolecall::cli

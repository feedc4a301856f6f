// Where values of flags came from, so that every message about one says it: the file and line, or
// the variable, that a person has to change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::cli {

// `flag` without its dashes; `values` as messages show them, none of a secret; `place` as in
// "environment variable ROLECALL_REGION".
void remember_origin(std::string flag, std::vector<std::string> values, std::string place);

// What a message has to say besides: "; --region comes from environment variable ROLECALL_REGION"
// for each flag that it names, or whose value it repeats, and that did not come from the command
// line. Empty where the message says it already.
std::string origins_in(std::string_view message);

}  // namespace rolecall::cli

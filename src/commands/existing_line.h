// Takes over credential_process lines that exist already.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options/option.h"

namespace rolecall::cli {

inline constexpr std::string_view official_helper = "aws_signing_helper";

// The flags of a line that runs `program`, for example "aws_signing_helper credential-process
// --certificate x.pem …". "credential_process =" may come before it. Empty if the text is not a
// line of the program. Throws Error (usage) for a line of the program that cannot be split because
// a shell would expand parts of it.
std::optional<std::vector<std::string>> flags_of_line(const std::string& line,
                                                      std::string_view program = official_helper);

// Replaces a line of the official helper among the arguments by its flags. The line is one word, or
// the last words of the arguments. The flags come before all other arguments, so that an option
// that is also given separately takes precedence.
std::vector<std::string> with_flags_of_line(std::vector<std::string> arguments);

// The value of --profile, if the other arguments are only switches in `own`. Otherwise empty.
std::optional<std::string> profile_if_only_option(const std::vector<std::string>& arguments,
                                                  Options own);

}  // namespace rolecall::cli

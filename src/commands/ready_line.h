// Takes over credential_process lines that were written for the official helper.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options/option.h"

namespace rolecall::cli {

// The flags of such a line, for example "aws_signing_helper credential-process --certificate x.pem
// …". "credential_process =" may come before it. Empty if the text is not a line of the helper.
// Throws Error (usage) for a line of the helper that cannot be split because a shell would expand
// parts of it.
std::optional<std::vector<std::string>> flags_of_line(const std::string& line);

// Replaces a line of the helper among the arguments by its flags. The line is one word, or the last
// words of the arguments. The flags come before all other arguments, so that an option that is also
// given separately takes precedence.
std::vector<std::string> with_flags_of_line(std::vector<std::string> arguments);

// The value of --profile, if the other arguments are only switches in `own`. Otherwise empty.
std::optional<std::string> profile_if_only_option(const std::vector<std::string>& arguments,
                                                  Options own);

}  // namespace rolecall::cli

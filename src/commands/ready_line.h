// Lines for credential_process that were made for the official helper.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options/option.h"

namespace rolecall::cli {

// The flags of such a line, as "aws_signing_helper credential-process --certificate x.pem …" or
// with "credential_process =" before it. Nothing for other text. Throws Error (usage) for a line of
// the helper that cannot be split, as it holds what a shell would expand.
std::optional<std::vector<std::string>> flags_of_line(const std::string& line);

// A line among the arguments of a command, as one word or as several at their end: its flags take
// its place, before all others, so that a flag that is given besides counts.
std::vector<std::string> with_flags_of_line(std::vector<std::string> arguments);

// If the arguments have --profile and no other flags than the switches in `own`: the name.
std::optional<std::string> profile_alone(const std::vector<std::string>& arguments, Options own);

}  // namespace rolecall::cli

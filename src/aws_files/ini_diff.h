// Shows what an edit of an INI file changes.
#pragma once

#include <string>
#include <string_view>

namespace rolecall::aws {

// Returns a unified diff (three lines of context) of two texts of the INI file `path`; empty if
// they are the same. "***" replaces each value that is a secret by its name (aws_secret_access_key,
// …token, …password) and each command that contains a password.
std::string ini_diff(const std::string& path, std::string_view before, std::string_view after);

}  // namespace rolecall::aws

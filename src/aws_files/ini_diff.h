// What an edit changes, for a person to look at.
#pragma once

#include <string>
#include <string_view>

namespace rolecall::aws {

// A unified diff (three lines of context) of the two texts of the INI file `path`; empty where they
// are the same. Values that are secrets by their names (aws_secret_access_key, …token, …password)
// and commands that hold a password stand in it as "***".
std::string ini_diff(const std::string& path, std::string_view before, std::string_view after);

}  // namespace rolecall::aws

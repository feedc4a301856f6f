// Paths among the values of the configuration file: relative ones start at the file's folder, as
// the working directory of a program that others start may be any.
#pragma once

#include <string>
#include <vector>

#include "options/option.h"

namespace rolecall::cli {

// `value` of `option` as a command line would have it, if it stands in `file`. Unchanged unless it
// is a relative path or begins with "~/".
std::string path_from_file(const Option& option, const std::string& value, const std::string& file);

// What messages about a changed value say behind its place.
const char* remark_on_paths(const std::vector<std::string>& written);

}  // namespace rolecall::cli

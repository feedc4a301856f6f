// Paths in the configuration file. A relative path starts at the directory of the file, because
// other programs start rolecall in any working directory.
#pragma once

#include <string>
#include <vector>

#include "options/option.h"

namespace rolecall::cli {

// Returns `value`, which `file` sets for `option`, as a command line would contain it. The value
// changes only if it is a relative path or begins with "~/".
std::string path_from_file(const Option& option, const std::string& value, const std::string& file);

// What a message adds after the location of a value that path_from_file changed. `written` are the
// values in the file.
const char* note_on_relative_paths(const std::vector<std::string>& written);

}  // namespace rolecall::cli

// Words for commands that people paste into a shell.
#pragma once

#include <string>
#include <string_view>

namespace rolecall {

// One word to a POSIX shell that means `text`: in single quotes if it needs any.
std::string shell_word(std::string_view text);

}  // namespace rolecall

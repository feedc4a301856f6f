// Words for commands that people paste into a shell.
#pragma once

#include <string>
#include <string_view>

namespace rolecall {

// `text` as one word of a POSIX shell, in single quotes if it needs quotes.
std::string shell_word(std::string_view text);

}  // namespace rolecall

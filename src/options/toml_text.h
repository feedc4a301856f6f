// Changes TOML text so that the parser can read it. Some characters that are not ASCII make the
// behaviour of the parser undefined.
#pragma once

#include <string>
#include <string_view>

namespace rolecall::cli {

// The text must not be passed to the parser.
struct UnreadableToml {
  int line;
  const char* what;
  const char* hint;
};

constexpr const char* backslash_without_meaning =
    "in \"…\" a backslash has no meaning before this character";
constexpr const char* backslash_hint =
    "double it, or write '…', which takes every character as it is";

// Returns the text with the same lines. In "…", characters that are not ASCII become escapes. After
// that, such characters are only in comments and in '…'. Throws UnreadableToml if there are others.
// No such text is valid TOML.
std::string readable_toml(std::string_view text);

}  // namespace rolecall::cli

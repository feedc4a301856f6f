// A TOML text as the parser can read it: some characters that are not ASCII make its behaviour
// undefined.
#pragma once

#include <string>
#include <string_view>

namespace rolecall::cli {

// A text that the parser must not see.
struct UnreadableToml {
  int line;
  const char* what;
  const char* hint;
};

constexpr const char* backslash_without_meaning =
    "in \"…\" a backslash has no meaning before this character";
constexpr const char* backslash_hint =
    "double it, or write '…', which takes every character as it is";

// The same text with the same lines, in which characters that are not ASCII are only in comments
// and in '…'. In "…" they become escapes. Throws UnreadableToml if there are others, none of which
// is valid TOML.
std::string readable_toml(std::string_view text);

}  // namespace rolecall::cli

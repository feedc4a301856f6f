// What rolecall needs to know about Unicode characters.
#pragma once

#include <string>
#include <string_view>

namespace rolecall {

// The characters of a text in UTF-8. A byte that is not UTF-8 becomes U+FFFD.
std::u32string code_points(std::string_view text);

// Whether the general category of `c` is a letter, a separator or a number: [\p{L}\p{Z}\p{N}].
bool is_letter_separator_or_number(char32_t c);

}  // namespace rolecall

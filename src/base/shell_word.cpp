#include "base/shell_word.h"

#include "base/text.h"

namespace rolecall {

std::string shell_word(std::string_view text) {
  if (only(text, letters_and_digits, "@%_+=:,./-")) return std::string(text);
  std::string word = "'";
  for (const char c : text)
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace rolecall

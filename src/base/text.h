// Texts made of parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall {

// "a, b or c", with "or" as the conjunction.
inline std::string listed(const std::vector<std::string>& words, std::string_view conjunction) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " " + std::string(conjunction) + " " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace rolecall

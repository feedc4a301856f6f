#include "base/text.h"

#include <algorithm>

namespace rolecall {

std::string cat_parts(std::initializer_list<TextPart> parts) {
  std::size_t size = 0;
  for (const TextPart& part : parts)
    size += part.text().size();
  std::string text;
  text.reserve(size);
  for (const TextPart& part : parts)
    text += part.text();
  return text;
}

bool is_visible(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_visible(c); });
}

}  // namespace rolecall

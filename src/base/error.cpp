#include "rolecall/error.h"

#include <string_view>

namespace rolecall {

std::string Error::option() const {
  const std::string_view text = what();
  const std::size_t begin = text.find('`');
  if (begin == std::string_view::npos) return {};
  const std::size_t end = text.find('`', begin + 1);
  if (end == std::string_view::npos) return {};
  return std::string(text.substr(begin + 1, end - begin - 1));
}

}  // namespace rolecall

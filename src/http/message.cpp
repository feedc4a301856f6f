#include "http/message.h"

#include "base/codec.h"

namespace rolecall::http {

const std::string* find(const Headers& headers, std::string_view name) {
  const std::string wanted = lower_case(name);
  for (const Header& header : headers) {
    if (header.name.size() == wanted.size() && lower_case(header.name) == wanted) {
      return &header.value;
    }
  }
  return nullptr;
}

}  // namespace rolecall::http

// Messages of HTTP as targets of fuzzing write them: a first line, headers, an empty line, a body.
#pragma once

#include <string>
#include <string_view>

#include "base/codec.h"
#include "http/message.h"

namespace rolecall::fuzz {

struct HttpText {
  std::string_view first;
  http::Headers headers;
  std::string_view body;
};

inline HttpText split_http(std::string_view text) {
  const auto take_line = [&text] {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return without_line_end(line);
  };
  HttpText split;
  split.first = take_line();
  for (std::string_view line = take_line(); !line.empty(); line = take_line()) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view value = line.substr(std::min(colon + 1, line.size()));
    split.headers.push_back({std::string(line.substr(0, colon)), std::string(trim(value))});
  }
  split.body = text;
  return split;
}

}  // namespace rolecall::fuzz

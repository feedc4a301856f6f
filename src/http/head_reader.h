// The headers of a request out of libmicrohttpd. Only the server includes this.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/microhttpd.h"

namespace rolecall::http {

// The headers of a request as libmicrohttpd shows them, and whether it shows all that came. Before
// 1.0 it puts a NUL behind each part of a request's head, in the memory where it was received, and
// takes a NUL that was sent for one of its own: "Host: localhost\0.evil" is localhost to it. Then
// the next part does not begin right behind the line's end. Nor does a header that is continued on
// the next line, whose value it adds to the name. (A NUL right before a lone LF looks like CR LF.
// It hides nothing.) From 1.0 on the library refuses both by itself.
class HeadReader {
 public:
  // `target` is that of the first line, path and query, in the library's memory.
  HeadReader(Headers& headers, const char* method, std::string_view target, const char* version)
      : headers_(headers),
        is_whole_(method + std::strlen(method) + 1 == target.data() &&
                  target.data() + target.size() + 1 == version),
        end_(version + std::strlen(version)) {}

  void add(const char* name, std::size_t name_size, const char* value, std::size_t value_size) {
    const std::string_view whole(value == nullptr ? "" : value, value_size);
    headers_.push_back({std::string(name, name_size), std::string(without_blanks(whole))});
    is_whole_ = is_whole_ && follows_line(name, end_);
    end_ = value == nullptr ? name + name_size : value + value_size;
  }

  // `end` is that of all headers, behind the empty line.
  bool is_whole(const char* end) const {
    static const bool refuses_by_itself =
        !std::string_view(microhttpd().get_version()).starts_with("0.");
    return refuses_by_itself ||
           (is_whole_ && (follows_line(end, end_ + 1) || follows_line(end, end_ + 2)));
  }

 private:
  // Blanks around a value are not part of it (RFC 9110, 5.5).
  static std::string_view without_blanks(std::string_view value) {
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
      value.remove_suffix(1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    return value;
  }

  // Whether only LF or CR LF is between the two.
  static bool follows_line(const char* next, const char* end) {
    return next == end + 1 || next == end + 2;
  }

  Headers& headers_;
  bool is_whole_;
  const char* end_;
};

}  // namespace rolecall::http

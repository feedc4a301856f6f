// Reads the headers of a request from libmicrohttpd. Only the server includes this header.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/microhttpd.h"

namespace rolecall::http {

// Collects the headers of a request as libmicrohttpd shows them, and finds out whether it shows
// everything that the client sent.
//
// Before version 1.0, libmicrohttpd puts a NUL after each part of a request's head, in the memory
// where it received the head. If the client sent a NUL, libmicrohttpd treats it as one of its own:
// it reads "Host: localhost\0.evil" as localhost. But then the next part does not begin right after
// the line end, and this class notices that. It also notices a header that continues on the next
// line, whose value libmicrohttpd adds to the name. (A NUL right before a lone LF looks like CR LF.
// It hides nothing.) From version 1.0 on, libmicrohttpd refuses both by itself.
class HeadReader {
 public:
  // `target` is the request target of the first line (path and query), in libmicrohttpd's memory.
  HeadReader(Headers& headers, const char* method, std::string_view target, const char* version)
      : headers_(headers),
        is_complete_(method + std::strlen(method) + 1 == target.data() &&
                     target.data() + target.size() + 1 == version),
        end_(version + std::strlen(version)) {}

  void add(const char* name, std::size_t name_size, const char* value, std::size_t value_size) {
    const std::string_view raw_value(value == nullptr ? "" : value, value_size);
    headers_.push_back(
        {std::string(name, name_size), std::string(without_outer_spaces(raw_value))});
    is_complete_ = is_complete_ && follows_line(name, end_);
    end_ = value == nullptr ? name + name_size : value + value_size;
  }

  // Whether the headers are everything that the client sent. `end` is the end of all headers, after
  // the empty line.
  bool is_complete(const char* end) const {
    static const bool refuses_by_itself =
        !std::string_view(microhttpd().get_version()).starts_with("0.");
    return refuses_by_itself ||
           (is_complete_ && (follows_line(end, end_ + 1) || follows_line(end, end_ + 2)));
  }

 private:
  // Spaces and tabs around a value are not part of it (RFC 9110, 5.5).
  static std::string_view without_outer_spaces(std::string_view value) {
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
      value.remove_suffix(1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    return value;
  }

  // Whether only LF or CR LF is between `end` and `next`.
  static bool follows_line(const char* next, const char* end) {
    return next == end + 1 || next == end + 2;
  }

  Headers& headers_;
  bool is_complete_;
  const char* end_;
};

}  // namespace rolecall::http

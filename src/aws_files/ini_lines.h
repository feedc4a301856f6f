// The lines of an INI file of AWS (~/.aws/config, ~/.aws/credentials), read as the AWS CLI reads
// them: as configparser._read of Python 3 does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::aws {

inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct IniLine {
  // The AWS CLI refuses a file with an unreadable line: text before the first header, without a
  // delimiter, or with nothing before it.
  enum class Kind { other, header, option, continuation, unreadable };  // other: empty, comment

  std::size_t begin = 0;  // offsets into the file
  std::size_t text = 0;   // behind the indentation
  std::size_t end = 0;    // without blanks at the end
  std::size_t next = 0;   // behind the line's own ending
  Kind kind = Kind::other;
  // Of a header, or of an option in lower case. Of a continuation only where it looks like a
  // header: to a person it is one.
  std::string name;
  std::size_t value = 0;  // where an option's value begins
};

// Every line, in the file's order; a byte order mark belongs to none.
std::vector<IniLine> ini_lines(std::string_view file);

}  // namespace rolecall::aws

// Splits an INI file of AWS (~/.aws/config, ~/.aws/credentials) into lines, as the AWS CLI reads
// them, that is, as configparser._read of Python 3 does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::aws {

inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct IniLine {
  // The AWS CLI refuses a file with an unreadable line. This is a line before the first header, a
  // line without a delimiter, or a line with nothing before its delimiter.
  enum class Kind { other, header, option, continuation, unreadable };  // other: empty, comment

  std::size_t begin = 0;  // these four are offsets into the file
  std::size_t text = 0;   // after the indentation
  std::size_t end = 0;    // before the blanks at the end
  std::size_t next = 0;   // after the line's ending
  Kind kind = Kind::other;
  // The name of a header, or the key of an option in lower case. Also set for a continuation that
  // looks like a header, because a person reads it as one.
  std::string name;
  std::size_t value = 0;  // where an option's value begins
};

// Returns all lines in the order of the file. A byte order mark belongs to no line.
std::vector<IniLine> ini_lines(std::string_view file);

}  // namespace rolecall::aws

#include "aws_files/ini_lines.h"

#include <algorithm>
#include <array>

#include "base/codec.h"

namespace rolecall::aws {
namespace {

// The characters that Python's str.strip() removes: first ASCII (CR and LF end lines), then UTF-8.
constexpr std::string_view blanks = " \t\v\f\x1c\x1d\x1e\x1f\r\n";
constexpr std::array<std::string_view, 19> wide_blanks = {
    "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
    "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
    "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

// The number of bytes of the blank at the start of `text`; 0 if there is no blank.
std::size_t blank_size(std::string_view text) {
  if (text.empty()) return 0;
  if (static_cast<unsigned char>(text[0]) < 0x80)
    return blanks.find(text[0]) == std::string_view::npos ? 0 : 1;
  for (const std::string_view wide : wide_blanks) {
    if (text.starts_with(wide)) return wide.size();
  }
  return 0;
}

std::string_view strip_start(std::string_view text) {
  while (const std::size_t size = blank_size(text))
    text.remove_prefix(size);
  return text;
}

std::string_view strip_end(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = blank_size(text.substr(at));
    at += size == 0 ? 1 : size;
    if (size == 0) end = at;
  }
  return text.substr(0, end);
}

// As in configparser, the name ends at the last "]". But a "]" in a comment after the header does
// not count.
std::size_t header_end(std::string_view text) {
  for (std::size_t i = text.find(']'); i != std::string_view::npos; i = text.find(']', i + 1)) {
    const std::string_view after = strip_start(text.substr(i + 1));
    if (after.empty() || after[0] == '#' || after[0] == ';') return i;
  }
  return text.rfind(']');
}

// Empty if the text is not a header.
std::string_view header_name(std::string_view text) {
  const std::size_t close = text[0] == '[' ? header_end(text) : std::string_view::npos;
  return close == std::string_view::npos ? std::string_view() : text.substr(1, close - 1);
}

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  std::vector<IniLine> lines() {
    std::vector<IniLine> result;
    std::size_t at = file_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (at < file_.size()) {
      IniLine line = cut(at);
      classify(line);
      at = line.next;
      result.push_back(std::move(line));
    }
    return result;
  }

 private:
  IniLine cut(std::size_t begin) const {
    IniLine line;
    line.begin = begin;
    const std::size_t end = std::min(file_.find_first_of("\r\n", begin), file_.size());
    line.next = std::min(end + (file_.substr(end, 2) == "\r\n" ? 2 : 1), file_.size());
    const std::string_view text = strip_start(file_.substr(begin, end - begin));
    line.text = end - text.size();
    line.end = line.text + strip_end(text).size();
    return line;
  }

  void classify(IniLine& line) {
    const std::string_view text = file_.substr(line.text, line.end - line.text);
    if (text.empty() || text[0] == '#' || text[0] == ';') return;
    // Python counts characters, not bytes.
    const std::string_view before = file_.substr(line.begin, line.text - line.begin);
    const auto indent =
        static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) {
          return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        }));
    if (in_option_ && indent > indent_) {
      line.kind = IniLine::Kind::continuation;
      line.name = header_name(text);
      return;
    }
    indent_ = indent;
    if (const std::string_view name = header_name(text); !name.empty()) {
      line.kind = IniLine::Kind::header;
      line.name = name;
      in_section_ = true;
      in_option_ = false;
      return;
    }
    const std::size_t delimiter = text.find_first_of("=:");
    if (!in_section_ || delimiter == std::string_view::npos || delimiter == 0) {
      // The lines below cannot continue a value now.
      line.kind = IniLine::Kind::unreadable;
      in_option_ = false;
      return;
    }
    line.kind = IniLine::Kind::option;
    line.name = lower_case(strip_end(text.substr(0, delimiter)));
    line.value = line.text + delimiter + 1;
    line.value = line.end - strip_start(file_.substr(line.value, line.end - line.value)).size();
    // `line.end` of "key =   " is before the blanks. A new value must go after them.
    if (line.value == line.end) {
      while (line.end < line.next && file_[line.end] != '\r' && file_[line.end] != '\n')
        ++line.end;
      line.value = line.end;
    }
    in_option_ = true;
  }

  std::string_view file_;
  std::size_t indent_ = 0;  // of the last header or option
  bool in_section_ = false;
  bool in_option_ = false;
};

}  // namespace

std::vector<IniLine> ini_lines(std::string_view file) {
  return Reader(file).lines();
}

}  // namespace rolecall::aws

#include "options/toml_text.h"

#include <algorithm>
#include <cstdio>

#include "base/unicode.h"

namespace rolecall::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

// The character whose first byte is at `at`. Shorter if the text ends before.
std::string_view character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  return text.substr(at, first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1);
}

// Bytes that are not UTF-8 stay as they are, and the parser refuses them.
std::string escaped(std::string_view character) {
  const std::u32string points = code_points(character);
  if (points.size() != 1 || points[0] == U'\uFFFD') return std::string(character);
  char text[16];
  const auto point = static_cast<unsigned>(points[0]);
  std::snprintf(text, sizeof text, point > 0xffff ? "\\U%08X" : "\\u%04X", point);
  return text;
}

// The position after the string that starts at `begin`. If the string is invalid, the parser
// reports it.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  const std::string three(3, quote);
  const bool several_lines = text.substr(begin, 3) == three;
  std::size_t at = begin + (several_lines ? 3 : 1);
  for (; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (several_lines && text.substr(at, 3) == three) {
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more)
        ++at;
      return at;
    } else if (!several_lines && (text[at] == quote || text[at] == '\n')) {
      return text[at] == quote ? at + 1 : at;
    }
  }
  return text.size();
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : text_(text) {}

  std::string run() {
    if (text_.starts_with(byte_order_mark)) copy(byte_order_mark.size());
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        copy(std::min(text_.find('\n', at_), text_.size()) - at_);
      } else if (begins_string()) {
        copy_string(end_of_string(text_, at_));
      } else if (is_ascii(text_[at_])) {
        copy(1);
      } else {
        refuse_bare_character();
      }
    }
    return std::move(out_);
  }

 private:
  void copy(std::size_t size) {
    out_ += text_.substr(at_, size);
    at_ += size;
  }

  // Whether a string starts here. A quote in the middle of a bare word is an error, and the parser
  // then reads the rest as bare text too.
  bool begins_string() const {
    if (text_[at_] != '"' && text_[at_] != '\'') return false;
    return at_ == 0 || std::string_view(" \t\r\n=[{,.").find(text_[at_ - 1]) != std::string::npos ||
           text_.substr(0, at_) == byte_order_mark;
  }

  void copy_string(std::size_t end) {
    if (text_[at_] == '\'') return copy(end - at_);
    while (at_ < end) {
      if (text_[at_] == '\\') {
        copy(1);
        if (at_ < text_.size() && !is_ascii(text_[at_])) refuse_escape();
        copy(1);
      } else if (is_ascii(text_[at_])) {
        copy(1);
      } else {
        const std::string_view character = character_at(text_, at_);
        out_ += escaped(character);
        at_ += character.size();
      }
    }
  }

  [[noreturn]] void refuse(const char* what, const char* hint) const {
    const std::string_view before = text_.substr(0, at_);
    throw UnreadableToml{1 + static_cast<int>(std::ranges::count(before, '\n')), what, hint};
  }
  [[noreturn]] void refuse_bare_character() const {
    const bool curly_quote = text_.substr(at_, 2) == "\xe2\x80";
    refuse("a character that is not ASCII is outside quotes",
           curly_quote ? "write straight quotes, \", instead of curly ones"
                       : "texts need quotes, and so do names with characters other than letters, "
                         "digits, - and _");
  }
  [[noreturn]] void refuse_escape() const { refuse(backslash_without_meaning, backslash_hint); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string readable_toml(std::string_view text) {
  return Rewriter(text).run();
}

}  // namespace rolecall::cli

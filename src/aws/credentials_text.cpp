// The editor: text in, text out. The reader of lines follows configparser._read of Python 3.
#include <algorithm>
#include <array>

#include "aws/credentials_file.h"
#include "base/codec.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
// What Python's str.strip() takes off: ASCII (CR and LF end lines), then UTF-8.
constexpr std::string_view blanks = " \t\v\f\x1c\x1d\x1e\x1f\r\n";
constexpr std::array<std::string_view, 19> wide_blanks = {
    "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
    "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
    "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
constexpr std::array<std::string_view, 3> key_names = {"aws_access_key_id", "aws_secret_access_key",
                                                       "aws_session_token"};

enum class Kind { other, header, option, continuation };  // other: empty, comment, unreadable

struct Line {
  std::size_t begin = 0;  // offsets into the file
  std::size_t text = 0;   // behind the indentation
  std::size_t end = 0;    // without blanks at the end
  std::size_t next = 0;   // behind the line's own ending
  Kind kind = Kind::other;
  std::string name;       // of a header or an option (lower case)
  std::size_t value = 0;  // where an option's value begins
};

// The bytes of the blank that `text` starts with; 0 where that is none.
std::size_t blank_size(std::string_view text) {
  if (text.empty()) return 0;
  if (static_cast<unsigned char>(text[0]) < 0x80) return blanks.find(text[0]) == npos ? 0 : 1;
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

// The name ends at the last "]", as configparser has it, but for a comment that holds one.
std::size_t header_end(std::string_view text) {
  for (std::size_t i = text.find(']'); i != npos; i = text.find(']', i + 1)) {
    const std::string_view after = strip_start(text.substr(i + 1));
    if (after.empty() || after[0] == '#' || after[0] == ';') return i;
  }
  return text.rfind(']');
}

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  std::vector<Line> lines() {
    std::vector<Line> result;
    std::size_t at = file_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (at < file_.size()) {
      Line line = cut(at);
      classify(line);
      at = line.next;
      result.push_back(std::move(line));
    }
    return result;
  }

 private:
  Line cut(std::size_t begin) const {
    Line line;
    line.begin = begin;
    const std::size_t end = std::min(file_.find_first_of("\r\n", begin), file_.size());
    line.next = std::min(end + (file_.substr(end, 2) == "\r\n" ? 2 : 1), file_.size());
    const std::string_view text = strip_start(file_.substr(begin, end - begin));
    line.text = end - text.size();
    line.end = line.text + strip_end(text).size();
    return line;
  }

  void classify(Line& line) {
    const std::string_view text = file_.substr(line.text, line.end - line.text);
    if (text.empty() || text[0] == '#' || text[0] == ';') return;
    // In characters, not in bytes.
    const std::string_view before = file_.substr(line.begin, line.text - line.begin);
    const auto indent =
        static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) {
          return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        }));
    if (in_option_ && indent > indent_) {
      line.kind = Kind::continuation;
      return;
    }
    indent_ = indent;
    const std::size_t close = text[0] == '[' ? header_end(text) : npos;
    if (close != npos && close > 1) {
      line.kind = Kind::header;
      line.name = text.substr(1, close - 1);
      in_section_ = true;
      in_option_ = false;
      return;
    }
    const std::size_t delimiter = text.find_first_of("=:");
    if (!in_section_ || delimiter == npos) {
      // The AWS CLI refuses the whole file, so nothing below need be taken for part of a value.
      in_option_ = false;
      return;
    }
    line.kind = Kind::option;
    line.name = lower_case(strip_end(text.substr(0, delimiter)));
    line.value = line.text + delimiter + 1;
    line.value = line.end - strip_start(file_.substr(line.value, line.end - line.value)).size();
    // "key =   " has its end before the blanks; the new value comes behind them.
    if (line.value == line.end) {
      while (line.end < line.next && file_[line.end] != '\r' && file_[line.end] != '\n')
        ++line.end;
      line.value = line.end;
    }
    in_option_ = !line.name.empty();
  }

  std::string_view file_;
  std::size_t indent_ = 0;  // of the last header or option
  bool in_section_ = false;
  bool in_option_ = false;
};

// A line feed in a value would be a way to write other settings into the file.
void check_value(std::string_view value, std::string_view name) {
  const bool fits = !value.empty() && std::all_of(value.begin(), value.end(),
                                                  [](char c) { return c > ' ' && c < 127; });
  if (!fits) {
    throw Error(ErrorKind::failed,
                "the service sent a value for " + std::string(name) +
                    " that a credentials file cannot hold",
                "is the endpoint really IAM Roles Anywhere?");
  }
}

// "[name]", or "name = value" as no piece of a key or token looks.
bool looks_like_a_setting(std::string_view text) {
  if (text.starts_with('[')) return true;
  const std::size_t delimiter = text.find_first_of("=:");
  if (delimiter == npos || delimiter == 0) return false;
  const std::string_view value = trim(text.substr(delimiter + 1));
  return !value.empty() && value[0] != '=';
}

std::string line_number(std::size_t index) {
  return "line " + std::to_string(index + 1);
}

class Editor {
 public:
  Editor(std::string_view file, std::string_view profile, const Credentials& credentials)
      : file_(file),
        profile_(profile),
        values_{credentials.access_key_id, credentials.secret_access_key.view(),
                credentials.session_token.view()},
        lines_(Reader(file).lines()) {}

  EditedFile edit() {
    if (file_.find('\0') != npos) {
      throw Error(ErrorKind::usage, "the credentials file holds NUL bytes",
                  "no program can read it as it is; is it UTF-16? It must be UTF-8");
    }
    if (file_.starts_with(byte_order_mark)) {
      warn("it begins with a byte order mark, which the AWS CLI cannot read");
    }
    find_section();
    if (section_ == lines_.size()) {
      warn_of_indented_header();
      append_section();
    } else {
      find_keys();
      rewrite();
    }
    return std::move(result_);
  }

 private:
  void warn(const std::string& text) { result_.warnings.push_back(text); }
  void put(std::string_view text) { result_.bytes.append(text); }
  std::string_view between(std::size_t begin, std::size_t end) const {
    return file_.substr(begin, end - begin);
  }

  void find_section() {
    section_ = lines_.size();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].kind != Kind::header || lines_[i].name != profile_) continue;
      if (section_ == lines_.size()) {
        section_ = i;
      } else {
        warn("section [" + std::string(profile_) + "] is there again in " + line_number(i) +
             "; only the first, in " + line_number(section_) +
             ", is kept up to date, and the AWS CLI refuses such a file");
      }
    }
  }

  // To a person it is one.
  void warn_of_indented_header() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].kind != Kind::continuation) continue;
      const std::string_view text = between(lines_[i].text, lines_[i].end);
      const std::size_t close = text[0] == '[' ? header_end(text) : npos;
      if (close == npos || text.substr(1, close - 1) != profile_) continue;
      warn(line_number(i) + " is no header of [" + std::string(profile_) +
           "] but a part of the value above it, as the AWS CLI reads it, since it is indented; a "
           "new "
           "section stands at the end");
    }
  }

  // Notes which line holds which key, and behind which the missing ones are to be added.
  void find_keys() {
    anchor_ = section_;
    std::size_t owner = key_names.size();  // the key that continuation lines belong to
    for (end_ = section_ + 1; end_ < lines_.size(); ++end_) {
      Line& line = lines_[end_];
      if (line.kind == Kind::header) break;
      if (line.kind == Kind::continuation && owner < key_names.size()) {
        refuse_loss(end_, owner);
      }
      if (line.kind != Kind::option) continue;
      owner = static_cast<std::size_t>(std::find(key_names.begin(), key_names.end(), line.name) -
                                       key_names.begin());
      if (line.name == "aws_security_token") {
        warn("aws_security_token in " + line_number(end_) +
             " is an older name of aws_session_token, which the AWS CLI prefers; take it out");
      }
      if (owner == key_names.size()) continue;
      if (found_[owner]) {
        warn(std::string(key_names[owner]) + " is there again in " + line_number(end_) +
             "; the AWS CLI refuses such a file");
      }
      found_[owner] = true;
      anchor_ = end_;
    }
  }

  void refuse_loss(std::size_t index, std::size_t owner) const {
    const Line& line = lines_[index];
    if (!looks_like_a_setting(between(line.text, line.end))) return;
    throw Error(ErrorKind::usage,
                line_number(index) +
                    " of the credentials file looks like a setting, but its "
                    "indentation makes it part of the value of " +
                    std::string(key_names[owner]),
                "take the blanks at its beginning away, so that it is not lost with that value");
  }

  void rewrite() {
    put(between(0, lines_[section_].begin));
    bool dropping = false;
    for (std::size_t i = section_; i < end_; ++i) {
      const Line& line = lines_[i];
      if (line.kind == Kind::option) {
        const auto* key = std::find(key_names.begin(), key_names.end(), line.name);
        dropping = key != key_names.end();
        if (dropping) {
          put(between(line.begin, line.value));
          put(values_[static_cast<std::size_t>(key - key_names.begin())]);
          put(between(line.end, line.next));
        }
      }
      const bool ours = dropping && (line.kind == Kind::option || line.kind == Kind::continuation);
      if (!ours) put(between(line.begin, line.next));
      if (i == anchor_) add_missing();
    }
    if (end_ < lines_.size()) put(file_.substr(lines_[end_].begin));
  }

  // With the indentation of the key before them or, behind the header, of what follows it: a line
  // indented more than the one before would be read as part of its value.
  void add_missing() {
    if (found_[0] && found_[1] && found_[2]) return;
    const Line* model = &lines_[anchor_];
    std::string_view indent = between(model->begin, model->text);
    if (anchor_ == section_) {
      indent = {};
      for (std::size_t i = section_ + 1; i < lines_.size(); ++i) {
        if (lines_[i].kind == Kind::other && !unreadable(lines_[i])) continue;
        indent = between(lines_[i].begin, lines_[i].text);
        break;
      }
    }
    const std::string_view ending = line_ending(*model);
    if (ending_of(*model).empty()) put(ending);
    add_keys(indent, ending);
  }

  bool unreadable(const Line& line) const {
    return line.text < line.end && file_[line.text] != '#' && file_[line.text] != ';';
  }

  void add_keys(std::string_view indent, std::string_view ending) {
    for (std::size_t i = 0; i < key_names.size(); ++i) {
      if (found_[i]) continue;
      put(indent);
      put(key_names[i]);
      put(" = ");
      put(values_[i]);
      put(ending);
    }
  }

  void append_section() {
    put(file_);
    const std::string_view ending = lines_.empty() ? "\n" : line_ending(lines_.back());
    if (!lines_.empty()) {
      const Line& last = lines_.back();
      if (ending_of(last).empty()) put(ending);
      if (last.text < last.end) put(ending);  // an empty line between the sections
    }
    put("[");
    put(profile_);
    put("]");
    put(ending);
    add_keys("", ending);
  }

  std::string_view ending_of(const Line& line) const {
    const std::string_view text = between(line.begin, line.next);
    return text.substr(std::min(text.find_first_of("\r\n"), text.size()));
  }
  // The line's own, else that of the file's first line.
  std::string_view line_ending(const Line& line) const {
    if (!ending_of(line).empty()) return ending_of(line);
    return ending_of(lines_.front()).empty() ? std::string_view("\n") : ending_of(lines_.front());
  }

  std::string_view file_;
  std::string_view profile_;
  std::array<std::string_view, 3> values_;
  std::vector<Line> lines_;
  std::size_t section_ = 0;  // the header's line
  std::size_t end_ = 0;      // the line behind the section
  std::size_t anchor_ = 0;   // missing keys are added behind this line
  std::array<bool, 3> found_{};
  EditedFile result_;
};

}  // namespace

void check_profile_name(std::string_view profile) {
  const auto fails = [&profile](const std::string& why) {
    throw Error(ErrorKind::usage, "profile name \"" + std::string(profile) + "\" " + why);
  };
  if (profile.empty()) throw Error(ErrorKind::usage, "the profile name is empty");
  for (const char c : profile) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      throw Error(ErrorKind::usage, "the profile name holds a control character");
    }
    if (c == '[' || c == ']') fails("holds a bracket, which ends a section's header");
  }
  if (profile.front() == ' ' || profile.back() == ' ') {
    fails("begins or ends with a space, which most SDKs leave out");
  }
  if (profile == "DEFAULT") {
    fails("is that of the values which the AWS CLI takes for every profile; write it as default");
  }
}

EditedFile set_profile_credentials(std::string_view file, std::string_view profile,
                                   const Credentials& credentials) {
  check_profile_name(profile);
  check_value(credentials.access_key_id, key_names[0]);
  check_value(credentials.secret_access_key.view(), key_names[1]);
  check_value(credentials.session_token.view(), key_names[2]);
  return Editor(file, profile, credentials).edit();
}

}  // namespace rolecall::aws

#include "aws_files/ini_edit.h"

#include <algorithm>
#include <set>

#include "aws_files/ini_lines.h"
#include "base/codec.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

using Kind = IniLine::Kind;

// Whether a line looks like "[name]" or like "name = value". Part of a long key, of a token or of a
// command does not look like this.
bool looks_like_a_setting(std::string_view text) {
  if (text.starts_with('[')) return true;
  if (text.starts_with('-')) return false;  // a flag of a command
  const std::size_t delimiter = text.find_first_of("=:");
  if (delimiter == std::string_view::npos || delimiter == 0) return false;
  const std::string_view value = trim(text.substr(delimiter + 1));
  return !value.empty() && value[0] != '=';
}

std::string line_number(std::size_t index) {
  return cat("line ", index + 1);
}

class Editor {
 public:
  Editor(std::string_view what, std::string_view file, std::string_view name,
         const std::vector<IniChange>& changes)
      : what_(what),
        file_(file),
        name_(name),
        changes_(changes),
        lines_(ini_lines(file)),
        found_(changes.size()) {}

  EditedFile edit() {
    if (file_.find('\0') != std::string_view::npos) {
      throw Error(
          ErrorKind::usage, cat(what_, " contains NUL bytes"),
          "is the file in UTF-16? Convert the file to UTF-8: other programs cannot read it either");
    }
    if (file_.starts_with(byte_order_mark)) {
      warn("the file begins with a byte order mark, which the AWS CLI cannot read");
    }
    warn_about_unreadable_file();
    find_section();
    if (section_ == lines_.size()) {
      warn_about_indented_header();
      put(file_);
      if (adds_keys()) append_section();
    } else {
      find_keys();
      rewrite();
    }
    return std::move(result_);
  }

 private:
  void warn(const std::string& text) { result_.warnings.push_back(text); }
  void put(std::string_view text) {
    // If lines are removed, a line that ends with CR may come before an empty line that ends with
    // LF. Without the additional LF, the two would become one line that ends with CR and LF.
    if (text.starts_with('\n') && result_.bytes.view().ends_with('\r')) result_.bytes.append("\n");
    result_.bytes.append(text);
  }
  std::string_view between(std::size_t begin, std::size_t end) const {
    return file_.substr(begin, end - begin);
  }

  bool adds_keys() const {
    return std::any_of(changes_.begin(), changes_.end(),
                       [](const IniChange& change) { return change.value.has_value(); });
  }

  // The index of the line's key in changes_; changes_.size() if no change is for this key.
  std::size_t change_of(const IniLine& line) const {
    return static_cast<std::size_t>(
        std::find_if(changes_.begin(), changes_.end(),
                     [&line](const IniChange& change) { return change.key == line.name; }) -
        changes_.begin());
  }

  // Warns only about the first line that the AWS CLI refuses. The AWS CLI also names only the
  // first, and then none of its profiles works.
  void warn_about_unreadable_file() {
    std::set<std::string_view> sections;
    std::set<std::string_view> keys;
    bool in_block = false;  // "s3 =", and indented settings below it
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const IniLine& line = lines_[i];
      std::string what;
      if (line.kind == Kind::header) {
        keys.clear();
        const bool is_second = !sections.insert(line.name).second;
        if (is_second && line.name != name_ && line.name != "DEFAULT")
          what = " begins section [" + line.name + "] a second time";
      } else if (line.kind == Kind::option) {
        if (!keys.insert(line.name).second) what = " sets " + line.name + " a second time";
        in_block = trim(between(line.value, line.next)).empty();
      } else if (line.kind == Kind::continuation) {
        const bool is_setting = between(line.text, line.end).find('=') != std::string_view::npos;
        if (in_block && !is_setting)
          what = " is not a setting, but is indented below a key as a setting is";
      } else if (line.kind == Kind::unreadable) {
        what = " is not a setting";
      }
      if (what.empty()) continue;
      warn(line_number(i) + what + "; the AWS CLI refuses such a file");
      return;
    }
  }

  void find_section() {
    section_ = lines_.size();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].kind != Kind::header || lines_[i].name != name_) continue;
      if (section_ == lines_.size()) {
        section_ = i;
      } else {
        warn(cat("section [", name_, "] occurs a second time in ", line_number(i),
                 "; only the first, in ", line_number(section_),
                 ", is edited, and the AWS CLI refuses such a file"));
      }
    }
  }

  // A person reads such a line as a header.
  void warn_about_indented_header() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].kind != Kind::continuation) continue;
      if (lines_[i].name != name_) continue;
      warn(cat(line_number(i),
               " is indented, so the AWS CLI reads it as part of the value above that line, not as "
               "the header of [",
               name_, "]", adds_keys() ? "; rolecall adds a new section at the end" : ""));
    }
  }

  // Finds which keys are there, where the section ends, and after which line to add the missing
  // keys.
  void find_keys() {
    insert_after_ = section_;
    std::size_t current_change = changes_.size();  // whose value the continuation lines belong to
    for (end_ = section_ + 1; end_ < lines_.size(); ++end_) {
      const IniLine& line = lines_[end_];
      if (line.kind == Kind::header) break;
      if (line.kind == Kind::continuation && current_change < changes_.size())
        check_no_setting_is_removed(end_, current_change);
      if (line.kind != Kind::option) continue;
      current_change = change_of(line);
      if (current_change == changes_.size()) continue;
      found_[current_change] = true;
      if (changes_[current_change].value) insert_after_ = end_;
    }
  }

  void check_no_setting_is_removed(std::size_t index, std::size_t current_change) const {
    const IniLine& line = lines_[index];
    if (!looks_like_a_setting(between(line.text, line.end))) return;
    throw Error(
        ErrorKind::usage,
        cat(line_number(index), " of ", what_,
            " looks like a setting, but its indentation makes it part of the value of ",
            changes_[current_change].key),
        "remove the spaces at the beginning of that line; otherwise the line would be removed "
        "together with the value");
  }

  void rewrite() {
    put(between(0, lines_[section_].begin));
    bool in_changed_value = false;
    for (std::size_t i = section_; i < end_; ++i) {
      const IniLine& line = lines_[i];
      if (line.kind == Kind::option) {
        const std::size_t change = change_of(line);
        in_changed_value = change < changes_.size();
        if (in_changed_value && changes_[change].value) {
          put(between(line.begin, line.value));
          put(*changes_[change].value);
          put(between(line.end, line.next));
        }
      }
      const bool is_removed =
          in_changed_value && (line.kind == Kind::option || line.kind == Kind::continuation);
      if (!is_removed) put(between(line.begin, line.next));
      if (i == insert_after_) add_missing();
    }
    if (end_ < lines_.size()) put(file_.substr(lines_[end_].begin));
  }

  // Indents the missing keys like the key before them. If they follow the header, indents them like
  // the line that follows. If a line has more indentation than the line before it, it is read as
  // part of that line's value.
  void add_missing() {
    bool complete = true;
    for (std::size_t i = 0; i < changes_.size(); ++i)
      complete = complete && (found_[i] || !changes_[i].value);
    if (complete) return;
    const IniLine* indent_model = &lines_[insert_after_];
    std::string_view indent = between(indent_model->begin, indent_model->text);
    if (insert_after_ == section_) {
      indent = {};
      for (std::size_t i = section_ + 1; i < lines_.size(); ++i) {
        if (lines_[i].kind == Kind::other) continue;
        indent = between(lines_[i].begin, lines_[i].text);
        break;
      }
    }
    const std::string_view ending = line_ending(*indent_model);
    if (ending_of(*indent_model).empty()) put(ending);
    add_keys(indent, ending);
  }

  void add_keys(std::string_view indent, std::string_view ending) {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (found_[i] || !changes_[i].value) continue;
      put(indent);
      put(changes_[i].key);
      put(" = ");
      put(*changes_[i].value);
      put(ending);
    }
  }

  void append_section() {
    const std::string_view ending = lines_.empty() ? "\n" : line_ending(lines_.back());
    if (!lines_.empty()) {
      const IniLine& last = lines_.back();
      if (ending_of(last).empty()) put(ending);
      if (last.text < last.end) put(ending);  // an empty line between the sections
    }
    put("[");
    put(name_);
    put("]");
    put(ending);
    add_keys("", ending);
  }

  std::string_view ending_of(const IniLine& line) const {
    const std::string_view text = between(line.begin, line.next);
    return text.substr(std::min(text.find_first_of("\r\n"), text.size()));
  }
  // The ending of this line. If it has none, that of the file's first line.
  std::string_view line_ending(const IniLine& line) const {
    if (!ending_of(line).empty()) return ending_of(line);
    return ending_of(lines_.front()).empty() ? std::string_view("\n") : ending_of(lines_.front());
  }

  std::string_view what_;
  std::string_view file_;
  std::string_view name_;  // of the section
  const std::vector<IniChange>& changes_;
  std::vector<IniLine> lines_;
  std::size_t section_ = 0;       // the index of the header's line
  std::size_t end_ = 0;           // the index of the first line after the section
  std::size_t insert_after_ = 0;  // the index of the line after which missing keys are added
  std::vector<bool> found_;       // for each change: whether the key is there
  EditedFile result_;
};

}  // namespace

EditedFile edit_section(std::string_view what, std::string_view file, std::string_view section,
                        const std::vector<IniChange>& changes) {
  return Editor(what, file, section, changes).edit();
}

std::vector<IniSection> ini_sections(std::string_view file) {
  std::vector<IniSection> sections;
  std::size_t number = 0;
  for (const IniLine& line : ini_lines(file)) {
    ++number;
    if (line.kind == Kind::header) sections.push_back({line.name, number, {}});
    if (line.kind == Kind::option) sections.back().lines[line.name] = number;
  }
  return sections;
}

}  // namespace rolecall::aws

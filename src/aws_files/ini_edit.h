// Edits one section of an INI file of AWS. The input and the output are texts. No byte changes that
// need not change.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::aws {

struct IniChange {
  std::string_view key;                   // in lower case
  std::optional<std::string_view> value;  // one line without outer blanks; nullopt: remove the key
};

struct EditedFile {
  Secret bytes;
  std::vector<std::string> warnings;  // problems of the file; they contain no values
};

// Sets or removes keys of the section [`section`]. aws_files/ini_lines.h says how lines are read.
// - If several sections have this name, edits the first.
// - If a key is there twice, sets or removes both.
// - Removes the lines that continue an old value together with that value.
// - Adds missing keys after the keys that are there, or after the header if there are none.
// - Adds a missing section at the end of the file if it gets any key.
//
// `what` is the file's name for messages. Throws Error (usage) for NUL bytes, and for an indented
// line that looks like a setting but would be removed as part of an old value.
EditedFile edit_section(std::string_view what, std::string_view file, std::string_view section,
                        const std::vector<IniChange>& changes);

// A section and its keys, for code that looks before it edits.
struct IniSection {
  std::string name;
  std::size_t line = 0;                      // the header's line number, from 1
  std::map<std::string, std::size_t> lines;  // for each key in lower case, its last line, from 1
};
std::vector<IniSection> ini_sections(std::string_view file);

}  // namespace rolecall::aws

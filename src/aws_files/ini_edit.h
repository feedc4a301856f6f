// Edits one section of an INI file of AWS: text in, text out, and every byte that need not change
// stays as it was.
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
  std::optional<std::string_view> value;  // one line, no blank at its ends; nothing: the key goes
};

struct EditedFile {
  Secret bytes;
  std::vector<std::string> warnings;  // what a person should mend in the file; no values
};

// Sets or removes keys of the section [`section`]. Lines are read as aws_files/ini_lines.h says. Of
// several sections with that name the first is edited; a key that is there twice is set or removed
// twice; lines that continue an old value go with it. Missing keys are added behind those that are
// there, else behind the header; a missing section at the end, if it is to have any key. `what` is
// the file in messages. Throws Error (usage) for NUL bytes, and for an indented line that looks
// like a setting but would be lost as part of an old value.
EditedFile edit_section(std::string_view what, std::string_view file, std::string_view section,
                        const std::vector<IniChange>& changes);

// What is there, for those who look before they edit.
struct IniSection {
  std::string name;
  std::size_t line = 0;                      // of the header, from 1
  std::map<std::string, std::size_t> lines;  // by key in lower case: its last line, from 1
};
std::vector<IniSection> ini_sections(std::string_view file);

}  // namespace rolecall::aws

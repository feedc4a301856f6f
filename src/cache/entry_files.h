// The names of the cache's files: NAME.json is an entry, NAME.lock its lock, NAME.new is being
// written.
#pragma once

#include <string>
#include <string_view>

namespace rolecall::aws {

inline constexpr const char* entry_suffix = ".json";
inline constexpr const char* new_suffix = ".new";

// The NAME of the entry with this key. Two keys can have the same name.
std::string name_of(const std::string& key);

// Whether the text can be such a NAME. The directory may contain other files: those of serve, or
// those of a user who chose an existing directory.
bool is_entry_name(std::string_view text);

}  // namespace rolecall::aws

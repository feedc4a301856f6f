// What a copy from a page, a file or another tool brings along, and a message hardly shows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rolecall {

struct StrayCharacter {
  std::string text;  // what it is and where: "a blank at its end"
  const char* hint;
};

// ends: blanks, line ends, quotation marks and invisible characters at both ends, where no value
// has them. anywhere: also whatever is not printable ASCII. Quotation marks count only at the ends,
// as the path of a role may have them.
enum class Stray { ends, anywhere };
std::optional<StrayCharacter> find_stray_character(std::string_view value, Stray where);

}  // namespace rolecall

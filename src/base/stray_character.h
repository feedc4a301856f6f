// Finds characters that were copied by mistake from a page, a file or another tool, and that are
// hard to see in a message.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rolecall {

struct StrayCharacter {
  std::string text;  // what it is and where: "a space at its end"
  const char* hint;
};

// ends: finds spaces, line ends, quotation marks and invisible characters at both ends, where no
// value has them. anywhere: also finds everything that is not printable ASCII. Quotation marks
// count only at the ends, because the path of a role may contain them.
enum class Stray { ends, anywhere };
// Nothing if `value` has no stray character; otherwise the first one.
std::optional<StrayCharacter> find_stray_character(std::string_view value, Stray where);

}  // namespace rolecall

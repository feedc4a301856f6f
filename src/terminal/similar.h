// "Did you mean …?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::cli {

// "did you mean NAME?" for the name that is nearest to `wrong`: by a letter or two, as its
// beginning
// (--cert for --certificate), or as a word of it (--key for --private-key). "… A or B?" where both
// begin so. Empty where none is near.
std::string similar(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace rolecall::cli

// "Did you mean …?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::cli {

// "did you mean NAME?" for the name that is most similar to `wrong`: a letter or two are different,
// the name begins with `wrong` (--cert for --certificate), or `wrong` is a word of it (--key for
// --private-key). "did you mean A or B?" if two or three names match. Empty if no name is similar.
std::string similar(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace rolecall::cli

// "Did you mean …?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::cli {

// "did you mean NAME?" for the name that is nearest to `wrong`; empty where none is near.
std::string similar(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace rolecall::cli

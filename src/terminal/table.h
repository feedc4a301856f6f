// Arranges texts in columns, for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rolecall::cli {

// How many columns of a terminal `text` takes. `text` is UTF-8 without control characters.
std::size_t display_width(std::string_view text);

// A line for each row, with at least two spaces between columns. All rows have as many cells as the
// first one, which is the header.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace rolecall::cli

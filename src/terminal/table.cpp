#include "terminal/table.h"

#include <algorithm>
#include <array>
#include <bit>

namespace rolecall::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Not wcwidth(): it knows all these, but only in a locale that the system may not have.
constexpr std::array<Range, 5> of_no_width = {
    {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}}};
constexpr std::array<Range, 9> of_double_width = {{{0x1100, 0x115F},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0xA4CF},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFE30, 0xFE6F},
                                                   {0xFF00, 0xFF60},
                                                   {0xFFE0, 0xFFE6},
                                                   {0x1F300, 0x3FFFD}}};

template <std::size_t Size>
bool is_in(const std::array<Range, Size>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const Range& range) {
    return range.first <= point && point <= range.last;
  });
}

std::size_t width_of(char32_t point) {
  if (is_in(of_no_width, point)) return 0;
  return is_in(of_double_width, point) ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const auto ones = static_cast<unsigned>(std::countl_one(lead));
    const std::size_t length = std::max(1U, ones);
    char32_t point = lead & (0xFFU >> ones);
    for (const char byte : text.substr(at + 1, length - 1))
      point = (point << 6U) | (static_cast<unsigned char>(byte) & 0x3FU);
    width += width_of(point);
    at += length;
  }
  return width;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i)
      line += row[i] + std::string(widths[i] - display_width(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace rolecall::cli

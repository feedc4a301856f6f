#include "doctor/key_ids.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace rolecall::doctor {
namespace {

constexpr std::size_t prefix_size = 4;
constexpr std::size_t id_size = 20;
constexpr std::string_view upper_letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

// An id is base32 (RFC 4648). The account is in the bits 1 to 40 after the prefix, in ids that were
// made since 2019; older ids have I or J in this place.
std::string account_in(std::string_view id) {
  constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr std::size_t first_of_new_ids = 16;  // Q
  constexpr std::size_t characters = 9;         // 45 bits
  std::uint64_t bits = 0;
  for (const char c : id.substr(prefix_size, characters)) {
    const std::size_t value = base32.find(c);
    if (value == std::string_view::npos) return {};
    bits = bits << 5U | value;
  }
  if (base32.find(id[prefix_size]) < first_of_new_ids) return {};
  const std::uint64_t account = bits >> 4U & 0xff'ffff'ffffU;
  std::string digits = std::to_string(account);
  return digits.size() > 12 ? std::string() : std::string(12 - digits.size(), '0') + digits;
}

}  // namespace

std::vector<KeyId> key_ids_in(std::string_view text) {
  std::vector<KeyId> found;
  std::size_t counted = 0;
  std::size_t line = 1;
  // Both prefixes end in "IA".
  for (std::size_t at = text.find("IA"); at != std::string_view::npos;
       at = text.find("IA", at + 1)) {
    if (at < 2) continue;
    const std::size_t begin = at - 2;
    const std::string_view id = text.substr(begin, id_size);
    const std::string_view prefix = id.substr(0, prefix_size);
    if (id.size() != id_size || (prefix != "AKIA" && prefix != "ASIA")) continue;
    if (!only(id, upper_letters_and_digits) || id.ends_with("EXAMPLE")) continue;
    const bool begins = begin == 0 || !is_letter_or_digit(text[begin - 1]);
    const std::size_t end = begin + id_size;
    if (!begins || (end < text.size() && is_letter_or_digit(text[end]))) continue;
    line += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(counted),
                                                text.begin() + static_cast<std::ptrdiff_t>(begin),
                                                '\n'));
    counted = begin;
    found.push_back(
        {cat(prefix, "…", id.substr(id_size - 4)), account_in(id), prefix == "AKIA", line});
  }
  return found;
}

std::string key_id_text(const KeyId& id) {
  return id.account.empty() ? id.shown : cat(id.shown, " of account ", id.account);
}

}  // namespace rolecall::doctor

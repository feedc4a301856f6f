#include "base/stray_character.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace rolecall {
namespace {

struct Kind {
  std::string_view bytes;
  const char* name;
  const char* hint;
};

constexpr const char* editor_hint =
    "an editor or a web page inserted this character; use straight quotes or none";
constexpr const char* shell_hint =
    "quotes are for shells and TOML; here they are part of the value";
constexpr const char* windows_hint =
    "the value comes from a file with Windows line endings (CR LF); dos2unix corrects them";
constexpr const char* remove_it = "remove it";
constexpr std::array<Kind, 14> kinds = {{
    {"\r", "a carriage return", windows_hint},
    {"\n", "a line feed", remove_it},
    {" ", "a space", remove_it},
    {"\t", "a tab", remove_it},
    {"\xc2\xa0", "a no-break space", remove_it},
    {"\xe2\x80\x8b", "an invisible character", remove_it},
    {"\xef\xbb\xbf", "an invisible character", remove_it},
    {"\"", "a quotation mark (\")", shell_hint},
    {"'", "a quotation mark (')", shell_hint},
    {"`", "a quotation mark (`)", shell_hint},
    {"\xe2\x80\x9c", "a curly quotation mark", editor_hint},
    {"\xe2\x80\x9d", "a curly quotation mark", editor_hint},
    {"\xe2\x80\x98", "a curly quotation mark", editor_hint},
    {"\xe2\x80\x99", "a curly quotation mark", editor_hint},
}};
constexpr Kind not_ascii = {"", "a character that is not ASCII", remove_it};
constexpr Kind control = {"", "a control character", remove_it};

const Kind* known_at_start(std::string_view text) {
  const auto* found = std::find_if(kinds.begin(), kinds.end(), [text](const Kind& kind) {
    return text.starts_with(kind.bytes);
  });
  return found == kinds.end() ? nullptr : found;
}

// The kind of the character that `text` begins with; nullptr if it is not a stray character.
const Kind* kind_at_start(std::string_view text, Stray where) {
  if (const Kind* known = known_at_start(text)) return known;
  if (where == Stray::ends || text.empty() || is_visible(text.front())) return nullptr;
  return (static_cast<unsigned char>(text.front()) & 0x80U) != 0 ? &not_ascii : &control;
}

// `value` without the stray characters at its end.
std::string_view without_stray_end(std::string_view value, Stray where) {
  for (bool again = true; again;) {
    again = false;
    for (const Kind& kind : kinds) {
      if (!value.ends_with(kind.bytes)) continue;
      value.remove_suffix(kind.bytes.size());
      again = true;
    }
    if (where == Stray::anywhere && !value.empty() && !is_visible(value.back())) {
      value.remove_suffix(1);
      again = true;
    }
  }
  return value;
}

}  // namespace

std::optional<StrayCharacter> find_stray_character(std::string_view value, Stray where) {
  if (const Kind* kind = kind_at_start(value, where)) {
    return StrayCharacter{cat(kind->name, " at its beginning"), kind->hint};
  }
  const std::string_view inside = without_stray_end(value, where);
  const auto* odd =
      std::find_if_not(inside.begin(), inside.end(), [](char c) { return is_visible(c); });
  if (where == Stray::anywhere && odd != inside.end()) {
    const std::string_view before(inside.begin(), odd);
    const Kind* kind = kind_at_start(inside.substr(before.size()), where);
    return StrayCharacter{cat(kind->name, " after \"", before, "\""), kind->hint};
  }
  if (const Kind* kind = kind_at_start(value.substr(inside.size()), where)) {
    return StrayCharacter{cat(kind->name, " at its end"), kind->hint};
  }
  return std::nullopt;
}

}  // namespace rolecall

// Makes texts from parts, and checks which characters a text has. Everything here is for ASCII and
// ignores the locale.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace rolecall {

// A whole number. bool and the character types are not whole numbers.
template <class T>
concept WholeNumber = std::integral<T> && sizeof(T) > 1 && !std::same_as<T, wchar_t> &&
                      !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

// What cat() takes: a text, a character or a whole number. A TextPart refers to the text that it
// was made from. A Secret cannot become a TextPart, so that no secret gets into a message.
class TextPart {
 public:
  explicit TextPart(std::string_view text) : text_(text) {}
  explicit TextPart(std::same_as<char> auto character)
      : buffer_{character}, text_(&buffer_[0], 1) {}
  explicit TextPart(WholeNumber auto number) {
    const auto end = std::to_chars(buffer_.data(), buffer_.data() + buffer_.size(), number).ptr;
    text_ = {buffer_.data(), static_cast<std::size_t>(end - buffer_.data())};
  }
  TextPart(const TextPart&) = delete;
  TextPart& operator=(const TextPart&) = delete;

  std::string_view text() const { return text_; }

 private:
  std::array<char, 20> buffer_{};  // large enough for every 64-bit number with its sign
  std::string_view text_;
};

std::string cat_parts(std::initializer_list<TextPart> parts);

// All parts, one after the other: cat("line ", 3, ": ", name).
template <class... Parts>
requires(std::constructible_from<TextPart, const Parts&>&&...) std::string
    cat(const Parts&... parts) {
  return cat_parts({TextPart(parts)...});
}

// The elements of a range with `separator` between them: join(names, ", "). If the elements are not
// parts of a text, `part_of` makes a part of each.
template <class Range, class PartOf>
std::string join(const Range& range, std::string_view separator, const PartOf& part_of) {
  std::string text;
  bool is_first = true;
  for (const auto& element : range) {
    if (!is_first) text += separator;
    is_first = false;
    text += TextPart(part_of(element)).text();
  }
  return text;
}
template <class Range>
std::string join(const Range& range, std::string_view separator) {
  return join(
      range, separator, [](const auto& element) -> const auto& { return element; });
}

// "a, b or c" if `conjunction` is "or".
template <class Range>
std::string list_text(const Range& words, std::string_view conjunction) {
  std::string text;
  std::size_t left = std::size(words);
  for (const auto& word : words) {
    text += word;
    if (--left > 0) text += left > 1 ? ", " : cat(' ', conjunction, ' ');
  }
  return text;
}

// The decimal number that `text` consists of. Nothing if `text` is anything else, or if the number
// does not fit into `Number`. The only sign allowed is "-", for types that have one.
template <WholeNumber Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

inline constexpr std::string_view letters_and_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
inline constexpr std::string_view ascii_letters = letters_and_digits.substr(0, 52);
inline constexpr std::string_view lower_letters = letters_and_digits.substr(26, 26);
inline constexpr std::string_view ascii_digits = letters_and_digits.substr(52);
inline constexpr std::string_view lower_hex_digits = "0123456789abcdef";

// Whether a text is not empty and has only characters of these sets: only(name, letters_and_digits,
// "_-").
template <std::convertible_to<std::string_view>... Sets>
bool only(std::string_view text, const Sets&... sets) {
  for (const char c : text)
    if (((std::string_view(sets).find(c) == std::string_view::npos) && ...)) return false;
  return !text.empty();
}

constexpr bool is_letter_or_digit(char c) {
  return letters_and_digits.find(c) != std::string_view::npos;
}
// Whether the character is a control character of ASCII.
constexpr bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == '\x7f';
}
// Whether the character is printable ASCII and not a space.
constexpr bool is_visible(char c) {
  return c > ' ' && c <= '~';
}
// Whether a text is not empty and all its characters are visible.
bool is_visible(std::string_view text);

}  // namespace rolecall

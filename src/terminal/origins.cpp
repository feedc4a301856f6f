#include "terminal/origins.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/text.h"

namespace rolecall::cli {
namespace {

struct Origin {
  std::string flag;
  std::vector<std::string> values;
  std::string location;
};

struct Origins {
  std::mutex mutex;
  std::vector<Origin> all;
};

// One for the whole process, because messages come from all layers. Never destroyed, because a
// thread may still warn at the end of the process.
Origins& origins() {
  static Origins& the_only = *new Origins;
  return the_only;
}

bool is_word_character(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '-' || c == '/' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Whether the text contains `word` as a whole word. "leaf" is not a word of "leaf.pem", and a
// region is not a word of an ARN. But a colon or the end of a sentence may follow the word.
bool has_word(std::string_view text, std::string_view word) {
  const auto joins = [](char c) { return c == '.' || c == ':'; };
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || (!is_word_character(text[at - 1]) && !joins(text[at - 1]));
    const bool goes_on =
        end + 1 < text.size() && joins(text[end]) && is_word_character(text[end + 1]);
    if (begins && !goes_on && (end == text.size() || !is_word_character(text[end]))) return true;
  }
  return false;
}

// Short words, numbers, "true" and "false" also occur in messages that are not about the value.
bool is_distinctive(std::string_view value) {
  return value.size() > 3 && value != "true" && value != "false" && !only(value, ascii_digits, ".");
}

}  // namespace

void remember_origin(std::string flag, std::vector<std::string> values, std::string location) {
  std::erase_if(values, [](const std::string& value) { return !is_distinctive(value); });
  Origins& known = origins();
  const std::scoped_lock lock(known.mutex);
  known.all.push_back({std::move(flag), std::move(values), std::move(location)});
}

std::string origins_in(std::string_view message) {
  Origins& known = origins();
  const std::scoped_lock lock(known.mutex);
  std::string text;
  for (const Origin& origin : known.all) {
    const auto is_shown = [message](const std::string& value) { return has_word(message, value); };
    const bool is_named = has_word(message, "--" + origin.flag);
    // If there are several bindings, each has its own value.
    const bool is_one_of_several =
        std::any_of(known.all.begin(), known.all.end(), [&origin, &is_shown](const Origin& other) {
          return other.flag == origin.flag && other.location != origin.location &&
                 std::any_of(other.values.begin(), other.values.end(), is_shown);
        });
    if (!std::any_of(origin.values.begin(), origin.values.end(), is_shown) &&
        (!is_named || is_one_of_several)) {
      continue;
    }
    const std::string more = "; --" + origin.flag + " comes from " + origin.location;
    if (message.find(origin.location) == std::string_view::npos &&
        text.find(more) == std::string::npos)
      text += more;
  }
  return text;
}

}  // namespace rolecall::cli

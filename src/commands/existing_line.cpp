#include "commands/existing_line.h"

#include <algorithm>

#include "base/codec.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view subcommand = "credential-process";
constexpr std::string_view config_key = "credential_process";

bool names_program(std::string_view word, std::string_view program) {
  return word.substr(word.rfind('/') + 1) == program;
}

// Whether the word is a part of "credential_process =", which may be one word or several.
bool is_of_key(std::string_view word) {
  return word == config_key || word == "=" || word == cat(config_key, "=");
}

std::string_view without_key(std::string_view line) {
  line = trim(line);
  if (!line.starts_with(config_key)) return line;
  const std::string_view rest = trim(line.substr(config_key.size()));
  return rest.starts_with('=') ? trim(rest.substr(1)) : line;
}

}  // namespace

std::optional<Words> flags_of_line(const std::string& line, std::string_view program) {
  const std::string_view text = without_key(line);
  const std::size_t name = text.find(program);
  // Split the text only if it is a line of the program, because other text may contain anything.
  if (name == std::string_view::npos || text.find(subcommand, name) == std::string_view::npos) {
    return std::nullopt;
  }
  const Words words = split_command(text);
  if (words.size() < 2 || !names_program(words[0], program) || words[1] != subcommand) {
    return std::nullopt;
  }
  return Words(words.begin() + 2, words.end());
}

Words with_flags_of_line(Words arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::optional<Words> flags;
    Words behind;
    if (names_program(arguments[i], official_helper) && i + 1 < arguments.size() &&
        arguments[i + 1] == subcommand) {
      flags = Words(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 2, arguments.end());
    } else if (arguments[i].find(' ') != std::string::npos) {
      flags = flags_of_line(arguments[i]);
      behind = Words(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
    }
    if (!flags) continue;
    arguments.resize(i);
    while (!arguments.empty() && (is_of_key(arguments.back()) || arguments.back() == "--"))
      arguments.pop_back();
    arguments.insert(arguments.end(), behind.begin(), behind.end());
    arguments.insert(arguments.begin(), flags->begin(), flags->end());
    break;
  }
  return arguments;
}

std::optional<std::string> profile_if_only_option(const Words& arguments, Options own) {
  constexpr std::string_view flag = "--profile";
  std::optional<std::string> profile;
  for (auto word = arguments.begin(); word != arguments.end(); ++word) {
    if (*word == flag && word + 1 != arguments.end()) {
      profile = *++word;
    } else if (word->starts_with(cat(flag, "="))) {
      profile = word->substr(flag.size() + 1);
    } else if (!word->starts_with("--") ||
               find_option(own, std::string_view(*word).substr(2)) == nullptr) {
      return std::nullopt;
    }
  }
  return profile;
}

}  // namespace rolecall::cli

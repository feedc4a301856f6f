// Command lines without a shell.
#include "base/subprocess.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

std::string quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "'" : " '";
    for (const char c : word)
      text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += "'";
  }
  return text;
}

void run(std::string_view input) {
  std::vector<std::string> words;
  if (refuses([&] { words = split_command(input); })) return;
  require(!words.empty(), "a command has a word");
  require(split_command(quoted(words)) == words, "quoted words split into themselves");
}

std::vector<std::string> seeds() {
  return {"secret-tool lookup 'my key' \"a \\\"b\\\" \\$c\"",
          "a\\ b\t'' \"\"\nc",
          "a | b",
          "~/x",
          "'open",
          "a\\",
          "\"$x\" `y`"};
}

const Registration target({"command", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz

#include "terminal/similar.h"

#include <algorithm>

namespace rolecall::cli {
namespace {

// How many letters have to be changed, added, dropped or swapped with their neighbour to make `b`
// from `a`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1,
                             rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.size()][b.size()];
}

std::string_view without_dashes(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of('-'), text.size()));
}

// The names that begin with `word`; if there are none, the names that have it as one of their
// words.
std::vector<std::string> with_word(std::string_view word, const std::vector<std::string>& names) {
  std::vector<std::string> begin;
  std::vector<std::string> other;
  for (const std::string& name : names) {
    const std::string_view bare = without_dashes(name);
    const std::size_t at = bare.find(word);
    if (at == 0) begin.push_back(name);
    if (at == std::string_view::npos || at == 0 || bare[at - 1] != '-') continue;
    const std::size_t end = at + word.size();
    if (end == bare.size() || bare[end] == '-') other.push_back(name);
  }
  return begin.empty() ? other : begin;
}

}  // namespace

std::string similar(std::string_view wrong, const std::vector<std::string>& names) {
  constexpr std::size_t shortest_word = 3;
  constexpr std::size_t most_named = 3;
  const std::string* best = nullptr;
  std::size_t fewest = std::max<std::size_t>(wrong.size() / 3, 1) + 1;
  if (wrong.size() < 100) {  // nobody mistypes so long a name
    for (const std::string& name : names) {
      const std::size_t changes = distance(wrong, name);
      if (changes < fewest) {
        fewest = changes;
        best = &name;
      }
    }
  }
  const std::string_view word = without_dashes(wrong);
  if (fewest > 1 && word.size() >= shortest_word) {
    const std::vector<std::string> found = with_word(word, names);
    if (!found.empty() && found.size() <= most_named) {
      std::string text;
      for (const std::string& name : found)
        text += (text.empty() ? "did you mean " : name == found.back() ? " or " : ", ") + name;
      return text + "?";
    }
  }
  return best == nullptr ? std::string() : "did you mean " + *best + "?";
}

}  // namespace rolecall::cli

#include "aws_files/ini_diff.h"

#include <algorithm>
#include <vector>

#include "aws_files/ini_lines.h"
#include "base/codec.h"
#include "base/text.h"

namespace rolecall::aws {
namespace {

using Kind = IniLine::Kind;

constexpr std::size_t context = 3;

struct TextLine {
  std::string_view bytes;  // including the line's ending
  std::string shown;
};

bool is_secret(std::string_view name, std::string_view value) {
  const auto has = [&name](const char* part) { return name.find(part) != std::string_view::npos; };
  return has("secret") || has("password") || (has("token") && !has("_file")) ||
         value.find("-password ") != std::string_view::npos ||
         value.find("-password=") != std::string_view::npos;
}

// Comments and continuation lines can contain settings, too. Returns where the value of a setting
// begins that looks secret by its name; npos if there is none.
std::size_t secret_in(std::string_view text) {
  const std::size_t delimiter = text.find_first_of("=:");
  if (delimiter == std::string_view::npos) return delimiter;
  const bool secret = is_secret(lower_case(text.substr(0, delimiter)), text.substr(delimiter));
  return secret ? delimiter + 1 : std::string_view::npos;
}

std::vector<TextLine> split(std::string_view file) {
  std::vector<TextLine> lines;
  bool hide = false;  // the option that continuation lines belong to is secret
  for (const IniLine& line : ini_lines(file)) {
    // A byte order mark belongs to the first line.
    const std::size_t begin = lines.empty() ? 0 : line.begin;
    const std::string_view text = file.substr(line.text, line.end - line.text);
    std::size_t cut = line.end;  // the line is shown only up to here
    if (line.kind == Kind::header) hide = false;
    if (line.kind == Kind::option) {
      hide = is_secret(line.name, file.substr(line.value, line.end - line.value));
      if (hide) cut = line.value;
    } else if (line.kind == Kind::continuation && hide) {
      cut = line.text;
    } else if (const std::size_t secret = secret_in(text); secret < text.size()) {
      cut = line.text + secret;
    }
    std::string shown(file.substr(begin, cut - begin));
    if (cut < line.end) shown += "***";
    shown += file.substr(line.end, line.next - line.end);
    lines.push_back({file.substr(begin, line.next - begin), std::move(shown)});
  }
  return lines;
}

struct Edit {
  char mark;  // ' ', '-' or '+'
  const TextLine* line;
};

// Walks both texts in parallel. At a difference, finds the nearest pair of equal lines and
// continues there. The result is not always the shortest diff. But that is good enough here,
// because an edit changes only a few lines of one section.
std::vector<Edit> compare(const std::vector<TextLine>& before, const std::vector<TextLine>& after) {
  std::vector<Edit> edits;
  std::size_t i = 0;
  std::size_t j = 0;
  const auto step = [&](std::size_t removed, std::size_t added) {
    for (; removed > 0; --removed)
      edits.push_back({'-', &before[i++]});
    for (; added > 0; --added)
      edits.push_back({'+', &after[j++]});
  };
  while (i < before.size() && j < after.size()) {
    if (before[i].bytes == after[j].bytes) {
      edits.push_back({' ', &before[i++]});
      ++j;
      continue;
    }
    std::size_t removed = before.size() - i;
    std::size_t added = after.size() - j;
    const std::size_t most = removed + added;
    for (std::size_t distance = 1; distance < most; ++distance) {
      bool met = false;
      for (std::size_t a = 0; a <= distance && !met; ++a) {
        const std::size_t from = i + distance - a;
        const std::size_t to = j + a;
        if (from >= before.size() || to >= after.size()) continue;
        met = before[from].bytes == after[to].bytes;
        if (met) {
          removed = distance - a;
          added = a;
        }
      }
      if (met) break;
    }
    step(removed, added);
  }
  step(before.size() - i, after.size() - j);
  return edits;
}

std::string range(std::size_t begin, std::size_t count) {
  // The unified format numbers an empty range by the line before it.
  return cat(count == 0 ? begin : begin + 1, count == 1 ? "" : cat(",", count));
}

std::string hunk(const std::vector<Edit>& edits, std::size_t begin, std::size_t end,
                 std::size_t old_line, std::size_t new_line) {
  std::size_t old_count = 0;
  std::size_t new_count = 0;
  std::string text;
  for (std::size_t k = begin; k < end; ++k) {
    if (edits[k].mark != '+') ++old_count;
    if (edits[k].mark != '-') ++new_count;
    text += edits[k].mark + edits[k].line->shown;
    if (!text.ends_with('\n')) text += "\n\\ No newline at end of file\n";
  }
  return "@@ -" + range(old_line, old_count) + " +" + range(new_line, new_count) + " @@\n" + text;
}

}  // namespace

std::string ini_diff(const std::string& path, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const std::vector<TextLine> old_lines = split(before);
  const std::vector<TextLine> new_lines = split(after);
  const std::vector<Edit> edits = compare(old_lines, new_lines);
  std::string text = "--- " + path + "\n+++ " + path + "\n";
  std::size_t old_line = 0;
  std::size_t new_line = 0;
  for (std::size_t k = 0; k < edits.size();) {
    // A hunk begins up to `context` lines before a change. It ends if more than 2 × `context`
    // unchanged lines follow a change.
    const auto changed = [&edits](std::size_t at) { return edits[at].mark != ' '; };
    std::size_t first = k;
    while (first < edits.size() && !changed(first))
      ++first;
    if (first == edits.size()) break;
    const std::size_t begin = std::max(k, first - std::min(first, context));
    old_line += begin - k;
    new_line += begin - k;
    std::size_t last = first;
    for (std::size_t at = first; at < edits.size() && at <= last + 2 * context + 1; ++at) {
      if (changed(at)) last = at;
    }
    const std::size_t end = std::min(last + 1 + context, edits.size());
    text += hunk(edits, begin, end, old_line, new_line);
    for (k = begin; k < end; ++k) {
      if (edits[k].mark != '+') ++old_line;
      if (edits[k].mark != '-') ++new_line;
    }
  }
  return text;
}

}  // namespace rolecall::aws

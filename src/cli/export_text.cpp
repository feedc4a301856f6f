#include "cli/export_text.h"

#include <algorithm>

#include "aws/credentials_file.h"
#include "cli/child_environment.h"

namespace rolecall::cli {
namespace {

// Within single quotes; `escape` says what stands for a character there, or nullptr: itself.
template <class Escape>
Secret quoted(std::string_view text, Escape escape) {
  Secret word("'");
  for (const char& c : text) {
    const char* instead = escape(c);
    word.append(instead == nullptr ? std::string_view(&c, 1) : std::string_view(instead));
  }
  word.append("'");
  return word;
}

// What PowerShell takes for a single quote (about_Quoting_Rules): ' and, in UTF-8, U+2018 to
// U+201B.
std::size_t powershell_quote_size(std::string_view text) {
  if (text.starts_with('\'')) return 1;
  const bool is_typographic =
      text.size() >= 3 && text.starts_with("\xE2\x80") && text[2] >= '\x98' && text[2] <= '\x9B';
  return is_typographic ? 3 : 0;
}

// Readers of such files do not agree on quotes (docker keeps them), and what the service sends
// needs none.
Secret dotenv_word(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+/=_.:,-").find(c) != std::string_view::npos;
  });
  return is_plain ? Secret(text) : posix_word(text);
}

Secret lines(const Credentials& credentials, std::string_view begin, std::string_view middle,
             Secret (*word)(std::string_view)) {
  Secret text;
  for (const Variable& variable : credential_variables(credentials)) {
    text.append(begin);
    text.append(variable.name);
    text.append(middle);
    text.append(word(variable.value.view()).view());
    text.append("\n");
  }
  return text;
}

}  // namespace

Secret posix_word(std::string_view text) {
  return quoted(text, [](char c) { return c == '\'' ? "'\\''" : nullptr; });
}

Secret fish_word(std::string_view text) {
  return quoted(text, [](char c) { return c == '\'' ? "\\'" : c == '\\' ? "\\\\" : nullptr; });
}

Secret powershell_word(std::string_view text) {
  Secret word("'");
  while (!text.empty()) {
    const std::size_t quote = powershell_quote_size(text);
    if (quote > 0) word.append(text.substr(0, quote));
    const std::size_t size = std::max<std::size_t>(quote, 1);
    word.append(text.substr(0, size));
    text.remove_prefix(size);
  }
  word.append("'");
  return word;
}

Secret export_text(const Credentials& credentials, const std::string& format,
                   const std::string& profile) {
  if (format == "fish") return lines(credentials, "set -gx ", " ", fish_word);
  if (format == "powershell") return lines(credentials, "$env:", " = ", powershell_word);
  if (format == "dotenv") return lines(credentials, "", "=", dotenv_word);
  if (format == "ini") {
    aws::check_profile_name(profile);
    return std::move(aws::set_profile_credentials("", profile, credentials).bytes);
  }
  if (format == "json") {
    Secret text = credential_process_json(credentials);
    text.append("\n");
    return text;
  }
  return lines(credentials, "export ", "=", posix_word);
}

}  // namespace rolecall::cli

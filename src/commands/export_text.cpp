#include "commands/export_text.h"

#include <algorithm>

#include "aws_files/credentials_file.h"
#include "base/text.h"

namespace rolecall::cli {
namespace {

// The text in single quotes. `escape` returns what replaces a character, or nullptr if the
// character stays.
template <class Escape>
Secret in_single_quotes(std::string_view text, Escape escape) {
  Secret word("'");
  for (const char& c : text) {
    const char* instead = escape(c);
    word.append(instead == nullptr ? std::string_view(&c, 1) : std::string_view(instead));
  }
  word.append("'");
  return word;
}

// The size of the single quote at the start of `text`, 0 if there is none. PowerShell accepts '
// and, in UTF-8, U+2018 to U+201B (about_Quoting_Rules).
std::size_t powershell_quote_size(std::string_view text) {
  if (text.starts_with('\'')) return 1;
  const bool is_typographic =
      text.size() >= 3 && text.starts_with("\xE2\x80") && text[2] >= '\x98' && text[2] <= '\x9B';
  return is_typographic ? 3 : 0;
}

// Programs that read dotenv files treat quotes differently (docker keeps them). Values of the
// service need no quotes.
Secret dotenv_word(std::string_view text) {
  return only(text, letters_and_digits, "+/=_.:,-") ? Secret(text) : posix_word(text);
}

// How a shell or a file sets and unsets a variable.
struct Form {
  std::string_view set;
  std::string_view equals;
  Secret (*word)(std::string_view);
  std::string_view unset = {};  // empty: it cannot unset variables
  std::string_view after_unset = {};
};

Secret lines(const Credentials& credentials, const ShellChanges& changes, const Form& form) {
  Secret text;
  const auto add = [&](const Variable& variable) {
    text.append(form.set);
    text.append(variable.name);
    text.append(form.equals);
    text.append(form.word(variable.value.view()).view());
    text.append("\n");
  };
  for (const std::string& name : changes.unset) {
    if (form.unset.empty()) break;
    text.append(form.unset);
    text.append(name);
    text.append(form.after_unset);
    text.append("\n");
  }
  for (const Variable& variable : credential_variables(credentials))
    add(variable);
  for (const Variable& variable : changes.set)
    add(variable);
  return text;
}

}  // namespace

Secret posix_word(std::string_view text) {
  return in_single_quotes(text, [](char c) { return c == '\'' ? "'\\''" : nullptr; });
}

Secret fish_word(std::string_view text) {
  return in_single_quotes(text, [](char c) {
    return c == '\'' ? "\\'" : c == '\\' ? "\\\\" : nullptr;
  });
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

Secret export_text(const Credentials& credentials, const ShellChanges& changes,
                   const std::string& format, const std::string& profile) {
  if (format == "ini") {
    aws::check_profile_name(profile);
    return std::move(aws::set_profile_credentials("", profile, credentials).bytes);
  }
  if (format == "json") {
    Secret text = credential_process_json(credentials);
    text.append("\n");
    return text;
  }
  Form form = {"export ", "=", posix_word, "unset "};
  if (format == "fish") form = {"set -gx ", " ", fish_word, "set -e "};
  if (format == "powershell") form = {"$env:", " = ", powershell_word, "$env:", " = $null"};
  if (format == "dotenv") form = {"", "=", dotenv_word};
  return lines(credentials, changes, form);
}

}  // namespace rolecall::cli

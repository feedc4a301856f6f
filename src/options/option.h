// An option as data. The parser, --help, variables, the configuration file, completion and
// `configure` all read these rows. Options are listed nowhere else.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rolecall::cli {

enum class Kind {
  text,   // anything
  word,   // an ARN or a region: blanks and quotes around it are a mistake
  url,    // like a word, but may contain a password
  host,   // a host name, or a host name and a port
  input,  // a path, "-", fd:N, a pkcs11: URI or a TPM handle
  path,   // a path of a file
  directory,
  selector,  // a certificate selector, or file:// and a path
  library,   // a path, or a name that the system searches for
  source,    // where a password comes from
  secret,    // a password itself
  toggle,    // on or off
  number,    // a whole number from `low` to `high`
  seconds,   // may have a fraction. At most a day. 0 only if `low` is 0
  choice,    // one of the words in `value`, which are separated by "|"
  unused,    // accepted with or without a value, and ignored
};

struct Option {
  std::string_view name;  // without its dashes
  Kind kind = Kind::text;
  std::string_view group = "Options";  // the heading in --help
  std::string_view value = {};         // the placeholder for a value in --help
  std::string_view help = {};          // sentences for --help: what the option does
  std::string_view fallback = {};      // the value if the option is not set
  std::string_view otherwise = {};     // the default in --help, if it is not `fallback`
  std::string_view limits = {};        // more sentences for --help, after `low` and `high`
  long low = 1;
  long high = 0;
  bool repeatable = false;
};

using Options = std::span<const Option>;

// The option with this name, or null.
const Option* find_option(Options options, std::string_view name);

// Throws Error (usage) if the option does not accept the value. `explained_by` is a command, such
// as "rolecall serve". The hint names its --help.
void check_value(const Option& option, const std::string& text, const std::string& explained_by);

// is_truth: whether the text is a value of a toggle: true, t, 1, false, f or 0, in upper or lower
// case. truth: whether it means true.
bool is_truth(std::string_view text);
bool truth(std::string_view text);

}  // namespace rolecall::cli

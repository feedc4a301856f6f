// An option as data. The parser, --help, variables, the configuration file, completion and
// `configure` all read these rows, and nothing else says which options there are.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rolecall::cli {

enum class Kind {
  text,   // anything
  word,   // an ARN, a region: blanks and quotes around it are a mistake
  url,    // a word that may contain a password
  host,   // a host name, or a host name and a port
  input,  // a file's path; or "-", fd:N, a pkcs11: URI, a handle of the TPM
  path,   // a file's path
  directory,
  selector,  // of certificates; or file:// and a path
  library,   // a path, or a name that the system looks up
  source,    // where a password is
  secret,    // a password itself
  toggle,    // on or off
  number,    // whole, from `low` to `high`
  seconds,   // with or without a fraction, up to a day; 0 only if `low` is 0
  choice,    // one of those in `value`, which are separated by "|"
  unused,    // accepted with or without a value, and ignored
};

struct Option {
  std::string_view name;  // without its dashes
  Kind kind = Kind::text;
  std::string_view group = "Options";  // its heading in --help
  std::string_view value = {};         // what --help shows in place of a value
  std::string_view help = {};          // sentences that say what it does
  std::string_view fallback = {};      // the value if nothing gives one
  std::string_view otherwise = {};     // what --help says of the default if it is not `fallback`
  std::string_view limits = {};        // sentences for --help, besides those of `low` and `high`
  long low = 1;
  long high = 0;
  bool repeatable = false;
};

using Options = std::span<const Option>;

// The option with this name, or null.
const Option* find_option(Options options, std::string_view name);

// Throws Error (usage) if the option cannot have this value. `explained_by` is the command whose
// --help the hint names, such as "rolecall serve".
void check_value(const Option& option, const std::string& text, const std::string& explained_by);

// The values of a toggle are true, t, 1, false, f and 0, in upper or lower case.
bool is_truth(std::string_view text);
bool truth(std::string_view text);

}  // namespace rolecall::cli

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
  url,    // a word that may hold a password
  host,   // its name, or its name and port
  input,  // a file's path; or "-", fd:N, a pkcs11: URI, a handle of the TPM
  path,   // of a file
  directory,
  selector,  // of certificates; or file:// and a path
  library,   // a path, or a name that the system looks up
  source,    // where a password is
  secret,    // a password itself
  toggle,    // on or off
  number,    // whole, from `low` to `high`
  seconds,   // with or without a fraction, up to a day; 0 only if `low` is 0
  choice,    // one of `value`, which separates them by "|"
  unused,    // taken with a value or without, and of no effect
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

// The one with this name; null: there is none.
const Option* find_option(Options options, std::string_view name);

// Throws Error (usage) if `text` is no value of this option. `explained_by`: "rolecall serve".
void check_value(const Option& option, const std::string& text, const std::string& explained_by);

// What a toggle takes: true, false, 1, 0 and the like, in any case.
bool is_truth(std::string_view text);
bool truth(std::string_view text);

}  // namespace rolecall::cli

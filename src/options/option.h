// An option as data. The parser, --help, variables, the configuration file, completion and
// `configure` all read these rows. Options are listed nowhere else.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rolecall::cli {

enum class Kind {
  text,   // anything
  word,   // an ARN or a region: spaces and quotes around it are a mistake
  url,    // like a word, but may contain a password
  host,   // a host name or an address, without a port
  input,  // a path, "-", fd:N, a pkcs11: URI, a TPM handle or a SPIFFE agent
  path,   // a path of a file
  directory,
  selector,  // a certificate selector, or file:// and a path
  library,   // a path, or a name that the system searches for
  source,    // where a password comes from
  command,   // command:WORDS, a command to run. Its words may be secret
  secret,    // a password itself
  toggle,    // on or off
  number,    // a whole number from `minimum` to `maximum`
  seconds,   // may have a fraction. At most a day. 0 only if `minimum` is 0
  choice,    // one of `choices`
  unused,    // accepted with or without a value, and ignored
};

// What a Kind::number counts.
enum class Unit { none, seconds, port };

struct Option {
  std::string_view name;  // without its dashes
  Kind kind = Kind::text;
  std::string_view group = "Options";   // the heading in --help
  std::string_view value = {};          // the placeholder for a value in --help
  std::string_view help = {};           // sentences for --help: what the option does
  std::string_view default_value = {};  // the value if the option is not set
  std::string_view default_text = {};   // the default in --help, if it is not `default_value`
  std::string_view limits = {};         // more sentences for --help, after `minimum` and `maximum`
  std::string_view choices = {};        // words that are separated by "|"
  Unit unit = Unit::none;
  long minimum = 1;
  long maximum = 0;
  bool repeatable = false;
  // Options that provide the same thing have the same word here. If one of them is set, the others
  // are not searched for in places of lower precedence.
  std::string_view provides = {};
  // AWS's own variable. The variable of rolecall takes precedence.
  const char* aws_variable = nullptr;
  bool chooses_settings = false;  // so the configuration file cannot set it
  // For a session. Not required if another option is set, or what that one needs instead.
  bool is_required = false;
  std::string_view required_unless = {};
};

// The placeholder in --help: "FILE", "text|json".
constexpr std::string_view placeholder(const Option& option) {
  return option.kind == Kind::choice ? option.choices : option.value;
}

using Options = std::span<const Option>;

// The option with this name, or null.
const Option* find_option(Options options, std::string_view name);

// Throws Error (usage) if the option does not accept the value. `explained_by` is a command, such
// as "rolecall serve". The hint names its --help.
void check_value(const Option& option, const std::string& text, const std::string& explained_by);

// is_boolean: whether the text is a value of a toggle: true, t, 1, false, f or 0, in upper or lower
// case. boolean_value: whether it means true.
bool is_boolean(std::string_view text);
bool boolean_value(std::string_view text);

}  // namespace rolecall::cli

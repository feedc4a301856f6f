#include "options/option.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "base/codec.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "base/time.h"
#include "http/host_name.h"
#include "options/password.h"
#include "rolecall/error.h"
#include "terminal/similar.h"

namespace rolecall::cli {
namespace {

constexpr std::array<std::string_view, 3> words_for_true = {"true", "1", "t"};
constexpr std::array<std::string_view, 3> words_for_false = {"false", "0", "f"};

bool is_one_of(const std::array<std::string_view, 3>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), lower_case(text)) != words.end();
}

[[noreturn]] void refuse_value(const Option& option, const std::string& takes,
                               const std::string& text, const std::string& hint) {
  throw Error(ErrorKind::usage, cat("--", option.name, " takes ", takes, ", not \"", text, "\""),
              hint);
}

bool is_whole_number(const std::string& text) {
  return only(std::string_view(text).substr(text.starts_with('-') ? 1 : 0), ascii_digits);
}

std::string hint_for_number(const Option& option, const std::string& text,
                            const std::string& help) {
  if (option.unit == Unit::seconds) {
    return is_whole_number(text) ? "an hour is 3600"
                                 : "a whole number without a unit: an hour is 3600";
  }
  if (!is_whole_number(text)) return "a whole number: only digits";
  return option.unit == Unit::port ? "0 means any free port" : help;
}

void check_number(const Option& option, const std::string& text, const std::string& help) {
  const auto number = parse_number<long>(text);
  if (number && option.minimum <= *number && *number <= option.maximum) return;
  refuse_value(option,
               cat(option.unit == Unit::seconds ? "seconds" : "a number", " from ", option.minimum,
                   " to ", option.maximum),
               text, hint_for_number(option, text, help));
}

void check_seconds(const Option& option, const std::string& text) {
  const bool takes_zero = option.minimum == 0;
  const auto seconds = parse_seconds(text);
  const bool is_too_short = !seconds || (!takes_zero && seconds->count() == 0);
  if (!is_too_short && *seconds <= std::chrono::hours(24)) return;
  refuse_value(option, cat("seconds from ", takes_zero ? "0" : "0.001", " to 86400"), text,
               "a number without a unit, such as 5 or 2.5");
}

void check_host(const Option& option, const std::string& text) {
  if (http::is_host_name(lower_case(text))) return;
  throw Error(ErrorKind::usage, cat("`", option.name, "` \"", text, "\" is not the name of a host"),
              "give the name in the clients' URL without scheme and port, such as rolecall, "
              "host.docker.internal or app.prod.svc");
}

// The message does not show the words, because they may be secret.
void check_command(const Option& option, const std::string& text) {
  if (text.empty()) return;
  const PasswordSpec spec = parse_password_spec(text);
  if (spec.kind != PasswordSpec::Kind::command) {
    throw Error(ErrorKind::usage, cat("--", option.name, " takes command:WORDS"),
                "write command: and then the program and its arguments, such as "
                "command:/usr/bin/systemctl reload app");
  }
  try {
    split_command(spec.value);
  } catch (const Error& error) {
    throw Error(error.kind(), cat("--", option.name, ": ", error.what()), error.hint());
  }
}

// The parts of Option::choices between the bars.
std::vector<std::string> choices_of(const Option& option) {
  std::vector<std::string> choices;
  std::string_view rest = option.choices;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('|'), rest.size());
    choices.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return choices;
}

void check_choice(const Option& option, const std::string& text, const std::string& help) {
  const std::vector<std::string> choices = choices_of(option);
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return;
  const auto same_letters = std::find_if(
      choices.begin(), choices.end(),
      [&text](const std::string& choice) { return lower_case(choice) == lower_case(text); });
  std::string hint = same_letters != choices.end()
                         ? "did you mean " + *same_letters + "? Upper and lower case differ"
                         : similar(text, choices);
  refuse_value(option, list_text(choices, "or"), text, hint.empty() ? help : hint);
}

}  // namespace

const Option* find_option(Options options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [name](const Option& one) { return one.name == name; });
  return found == options.end() ? nullptr : &*found;
}

bool is_boolean(std::string_view text) {
  return is_one_of(words_for_true, text) || is_one_of(words_for_false, text);
}

bool boolean_value(std::string_view text) {
  return is_one_of(words_for_true, text);
}

void check_value(const Option& option, const std::string& text, const std::string& explained_by) {
  const std::string name = cat("--", option.name);
  const std::string help = explained_by + " --help explains " + name;
  switch (option.kind) {
    case Kind::number:
      return check_number(option, text, help);
    case Kind::seconds:
      return check_seconds(option, text);
    case Kind::choice:
      return check_choice(option, text, help);
    case Kind::host:
      return check_host(option, text);
    case Kind::command:
      return check_command(option, text);
    case Kind::toggle:
      if (is_boolean(text)) return;
      refuse_value(option, "true or false", text,
                   name + " turns it on, " + name + "=false turns it off");
    default:
      return;
  }
}

}  // namespace rolecall::cli

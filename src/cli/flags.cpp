#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <functional>

#include "base/codec.h"
#include "base/time.h"
#include "cli/similar.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr const char* value_check = "value";

// `read` throws Error for a text that is no value. For check_text it is also a validator, which the
// parse does not run: that would check each of several values, of which only the last one counts.
template <class Value>
void add_checked(CLI::App& app, const char* name, Value& value,
                 std::function<Value(const std::string&)> read, const char* type, const char* help,
                 const char* group) {
  CLI::Validator check([read](std::string& text) { return read(text), std::string(); }, "",
                       value_check);
  app.add_option_function<std::string>(
         name, [read, &value](const std::string& text) { value = read(text); }, help)
      ->type_name(type)
      ->group(group)
      ->check(check.active(false));
}

struct Range {
  long low;
  long high;
  std::string_view type;
  std::string help;  // the command that explains the flag
};

std::string help_of(const CLI::App& app, const char* flag) {
  return app.get_name() + " --help explains " + flag;
}

bool is_whole_number(const std::string& text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  return text.size() > sign && text.find_first_not_of("0123456789", sign) == std::string::npos;
}

std::string hint_for(const std::string& text, const Range& range) {
  if (range.type == "SECONDS") {
    return is_whole_number(text) ? "an hour is 3600"
                                 : "a whole number without a unit: an hour is 3600";
  }
  if (!is_whole_number(text)) return "a whole number: only digits";
  return range.type == "PORT" ? "0 stands for any free port" : range.help;
}

long number_in(const char* name, const std::string& text, const Range& range) {
  long number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && number >= range.low && number <= range.high) {
    return number;
  }
  throw Error(ErrorKind::usage,
              std::string(name) + " takes " + (range.type == "SECONDS" ? "seconds" : "a number") +
                  " from " + std::to_string(range.low) + " to " + std::to_string(range.high) +
                  ", not \"" + text + "\"",
              hint_for(text, range));
}

template <class Number>
void add(CLI::App& app, const char* name, Number& value, Number low, Number high, const char* type,
         const char* help, const char* group) {
  const Range range{low, high, type, help_of(app, name)};
  const auto read = [name, range](const std::string& text) {
    return static_cast<Number>(number_in(name, text, range));
  };
  add_checked<Number>(app, name, value, read, type, help, group);
}

std::string hint_for(const std::string& text, const std::vector<std::string>& choices,
                     const std::string& help) {
  const auto same_letters = std::find_if(
      choices.begin(), choices.end(),
      [&text](const std::string& choice) { return lower_case(choice) == lower_case(text); });
  if (same_letters != choices.end()) {
    return "did you mean " + *same_letters + "? Upper and lower case differ";
  }
  const std::string hint = similar(text, choices);
  return hint.empty() ? help : hint;
}

}  // namespace

void add_number(CLI::App& app, const char* name, long& value, long low, long high, const char* type,
                const char* help, const char* group) {
  add(app, name, value, low, high, type, help, group);
}

void add_number(CLI::App& app, const char* name, int& value, int low, int high, const char* type,
                const char* help, const char* group) {
  add(app, name, value, low, high, type, help, group);
}

void add_seconds(CLI::App& app, const char* name, std::chrono::milliseconds& value, Zero zero,
                 const char* help, const char* group) {
  const bool takes_zero = zero == Zero::allowed;
  const auto read = [name, takes_zero](const std::string& text) {
    const auto seconds = parse_seconds(text);
    const bool is_too_short = !seconds || (!takes_zero && seconds->count() == 0);
    if (!is_too_short && *seconds <= std::chrono::hours(24)) return *seconds;
    throw Error(ErrorKind::usage,
                std::string(name) + " takes seconds from " + (takes_zero ? "0" : "0.001") +
                    " to 86400, not \"" + text + "\"",
                "a number without a unit, such as 5 or 2.5");
  };
  add_checked<std::chrono::milliseconds>(app, name, value, read, "SECONDS", help, group);
}

void add_text(CLI::App& app, const char* name, std::string& value, const char* type,
              const char* help, const char* group) {
  app.add_option(name, value, help)->type_name(type)->group(group);
}

void add_switch(CLI::App& app, const char* name, bool& value, const char* help) {
  app.add_flag(name, value, help);
}

void add_choice(CLI::App& app, const char* name, std::string& value,
                std::vector<std::string> choices, const char* help) {
  std::string type;
  for (const std::string& choice : choices)
    type += (type.empty() ? "" : "|") + choice;
  const auto read = [name, choices = std::move(choices),
                     explained = help_of(app, name)](const std::string& text) {
    if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
    std::string known;
    for (const std::string& choice : choices)
      known += (known.empty() ? "" : (choice == choices.back() ? " or " : ", ")) + choice;
    throw Error(ErrorKind::usage, std::string(name) + " takes " + known + ", not \"" + text + "\"",
                hint_for(text, choices, explained));
  };
  add_checked<std::string>(app, name, value, read, type.c_str(), help, "Options");
}

void check_text(CLI::Option& option, const std::string& text) {
  CLI::Validator check;
  try {
    check = *option.get_validator(value_check);
  } catch (const CLI::OptionNotFound&) {
    return;  // it takes any text
  }
  check.active(true)(text);
}

void add_hidden(CLI::App& app, const char* name) {
  app.add_option(name)->expected(0, 1)->group("");
}

void set_help(CLI::App& app, const char* name, const char* help) {
  app.get_option(name)->description(help);
}

bool is_given(const CLI::App& app, const char* name) {
  return app.count(name) > 0;
}

}  // namespace rolecall::cli

#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

template <class Number>
void add(CLI::App& app, const char* name, Number& value, Number low, Number high, const char* type,
         const char* help, const char* group) {
  const bool seconds = std::string_view(type) == "SECONDS";
  const auto take = [=, &value](const std::string& text) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < low || number > high) {
      throw Error(ErrorKind::usage,
                  std::string(name) + " takes " + (seconds ? "seconds" : "a number") + " from " +
                      std::to_string(low) + " to " + std::to_string(high) + ", not \"" + text +
                      "\"",
                  seconds ? "a whole number without a unit: an hour is 3600" : "digits only");
    }
    value = number;
  };
  app.add_option_function<std::string>(name, take, help)->type_name(type)->group(group);
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
  const auto take = [name, &value, choices = std::move(choices)](const std::string& text) {
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      std::string known;
      for (const std::string& choice : choices)
        known += (known.empty() ? "" : (choice == choices.back() ? " or " : ", ")) + choice;
      throw Error(ErrorKind::usage,
                  std::string(name) + " takes " + known + ", not \"" + text + "\"",
                  "letters in exactly this case");
    }
    value = text;
  };
  app.add_option_function<std::string>(name, take, help)->type_name(type);
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

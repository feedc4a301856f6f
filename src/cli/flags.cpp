#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "rolecall/error.h"

namespace rolecall::cli {

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

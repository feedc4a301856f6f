#include "options/command.h"

#include <algorithm>

#include "base/text.h"

namespace rolecall::cli {
std::string full_name(const Command& command) {
  return cat("rolecall ", command.name);
}

const Option* find_option(const Command& command, std::string_view name) {
  for (const Options options : command.options)
    if (const Option* option = find_option(options, name)) return option;
  return nullptr;
}

bool takes_bindings(const Command& command) {
  return find_option(command, "certificate") != nullptr;
}

std::vector<const Option*> all_options(const Command& command) {
  std::vector<const Option*> all;
  for (const Options options : command.options) {
    for (const Option& option : options)
      if (option.kind != Kind::unused) all.push_back(&option);
  }
  return all;
}

const CommandLine::OptionValues* CommandLine::find(std::string_view name) const {
  const auto found = std::find_if(options.begin(), options.end(), [name](const OptionValues& one) {
    return one.option->name == name;
  });
  return found == options.end() ? nullptr : &*found;
}

}  // namespace rolecall::cli

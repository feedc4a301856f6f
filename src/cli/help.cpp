#include "cli/help.h"

#include <algorithm>

namespace rolecall::cli {
namespace {

constexpr std::size_t column = 32;  // where an option's explanation begins
constexpr std::size_t width = 68;   // of its lines

std::string shown_flag(const Option& option) {
  std::string text = "  --" + std::string(option.name);
  if (!option.value.empty()) text += " " + std::string(option.value);
  if (option.repeatable) text += " ...";
  return text;
}

std::string explanation(const Option& option) {
  std::string text(option.help);
  if (option.fallback.empty()) return text;
  const std::string fallback = "Default: " + std::string(option.fallback);
  const std::size_t last_line = text.size() - (text.rfind('\n') + 1);
  return text + (last_line + fallback.size() + 2 > width ? "\n" : ". ") + fallback;
}

// Lines after the first start at `column`.
std::string entry(const std::string& flag, const std::string& text) {
  std::string result = flag;
  if (flag.size() + 1 > column) {
    result += "\n" + std::string(column, ' ');
  } else {
    result.resize(column, ' ');
  }
  for (const char c : text) {
    result += c;
    if (c == '\n') result += std::string(column, ' ');
  }
  return result + "\n";
}

// -h is an option of every command, in no row.
std::string options_text(const Command& command) {
  std::vector<std::string_view> groups;
  for (const Option* option : all_options(command)) {
    if (std::find(groups.begin(), groups.end(), option->group) == groups.end())
      groups.push_back(option->group);
  }
  std::string text;
  for (const std::string_view group : groups) {
    text += "\n" + std::string(group) + ":\n";
    for (const Option* option : all_options(command))
      if (option->group == group) text += entry(shown_flag(*option), explanation(*option));
  }
  return text + "\nHelp:\n" + entry("  -h,--help", "Print this text");
}

}  // namespace

std::string overview() {
  std::string text =
      "rolecall turns an X.509 certificate and its private key into temporary AWS\n"
      "credentials through IAM Roles Anywhere.\n\n"
      "Usage: rolecall COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command* command : all_commands()) {
    text += "  " + std::string(command->name) + std::string(23 - command->name.size(), ' ') +
            std::string(command->summary) + "\n";
  }
  return text + "\nrolecall COMMAND --help explains a command and its options.\n";
}

std::string help_text(const Command& command) {
  std::string text = std::string(command.summary) + "\n\nUsage: " + full_name(command) + " " +
                     std::string(command.usage) + "\n";
  if (!command.operand.empty()) {
    text += "\nArguments:\n" +
            entry("  " + std::string(command.operand), std::string(command.operand_help));
  }
  text += options_text(command);
  if (!command.footer.empty()) text += "\n" + std::string(command.footer) + "\n";
  return text;
}

}  // namespace rolecall::cli

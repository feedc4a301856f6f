#include "commands/help.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "commands/all_commands.h"
#include "options/environment.h"
#include "options/options.h"

namespace rolecall::cli {
namespace {

constexpr std::size_t usual_columns = 80;
constexpr std::size_t least_columns = 40;
constexpr std::size_t most_columns = 100;  // longer lines are hard to read
constexpr std::size_t explanation_column = 6;
constexpr std::size_t summary_column = 25;

constexpr std::string_view exit_codes =
    "Exit codes:\n"
    "  0  Success.\n"
    "  1  Failure: for example, the service refused the request.\n"
    "  2  Wrong command line, configuration or file.\n"
    "  3  Try again later: network, timeout, throttling or 5xx.";

// The groups that several commands have, in the order in which --help shows them.
constexpr std::array<std::string_view, 9> shared_groups = {
    certificate_group, hardware_group, resources_group,     session_group, endpoint_group,
    network_group,     cache_group,    configuration_group, output_group};

std::size_t columns_of_terminal() {
  winsize size{};
  const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : usual_columns;
}

// Wraps `text` into lines of at most `width` columns. Only a single longer word makes a longer
// line. Lines after the first are indented by `indent`, and the first line is assumed to start
// there.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string result;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column > indent && column + 1 + word.size() > width) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

// Wraps a description or a footer. Examples are indented and stay as they are.
std::string paragraphs(std::string_view text, std::size_t width) {
  std::string result;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    result += (line.starts_with(' ') ? std::string(line) : wrapped(line, 0, width)) + "\n";
  }
  return result;
}

std::string entry(const std::string& name, std::string_view text, std::size_t width) {
  return "  " + name + "\n" + std::string(explanation_column, ' ') +
         wrapped(text, explanation_column, width) + "\n";
}

std::string shown_flag(const Option& option) {
  std::string text = "--" + std::string(option.name);
  if (!placeholder(option).empty()) text += cat(" ", placeholder(option));
  if (option.repeatable) text += " ...";
  return text;
}

// A command's own groups come first.
std::vector<std::string_view> groups_of(const Command& command) {
  std::vector<std::string_view> groups;
  for (const Option* option : all_options(command)) {
    const auto is_group = [option](std::string_view group) { return group == option->group; };
    if (std::none_of(groups.begin(), groups.end(), is_group) &&
        std::none_of(shared_groups.begin(), shared_groups.end(), is_group)) {
      groups.push_back(option->group);
    }
  }
  groups.insert(groups.end(), shared_groups.begin(), shared_groups.end());
  return groups;
}

std::string options_text(const Command& command, std::size_t width) {
  std::string text;
  for (const std::string_view group : groups_of(command)) {
    std::string entries;
    for (const Option* option : all_options(command))
      if (option->group == group)
        entries += entry(shown_flag(*option), explanation(*option), width);
    // Every command has this option, so no row lists it.
    if (group == output_group) entries += entry("-h, --help", "Print this help.", width);
    if (!entries.empty()) text += "\n" + std::string(group) + ":\n" + entries;
  }
  return text;
}

}  // namespace

std::size_t help_width() {
  const std::string text = environment("COLUMNS");
  const std::size_t columns = parse_number<std::size_t>(text).value_or(0);
  // One column less, because some terminals wrap a line that is as wide as the terminal.
  return std::clamp(columns > 0 ? columns : columns_of_terminal(), least_columns, most_columns) - 1;
}

std::string explanation(const Option& option) {
  std::string text(option.help);
  const std::string_view default_text =
      option.default_text.empty() ? option.default_value : option.default_text;
  if (!default_text.empty()) text += " Default: " + std::string(default_text) + ".";
  if (option.kind == Kind::number) {
    text += cat(" Allowed: ", option.minimum, " to ", option.maximum, ".");
  }
  if (option.kind == Kind::seconds) {
    text += std::string(" Allowed: ") + (option.minimum == 0 ? "0" : "0.001") + " to 86400.";
  }
  if (!option.limits.empty()) text += " " + std::string(option.limits);
  if (option.repeatable) text += " You can repeat this option.";
  return text;
}

std::string overview(std::size_t width) {
  std::string text = paragraphs(
      "rolecall turns an X.509 certificate and its private key into temporary AWS credentials, "
      "with IAM Roles Anywhere.\n"
      "\n"
      "Usage: rolecall COMMAND [OPTIONS]\n"
      "\n"
      "Commands:",
      width);
  for (const Command* command : all_commands()) {
    std::string line = "  " + std::string(command->name);
    line.resize(summary_column, ' ');
    text += line + wrapped(command->summary, summary_column, width) + "\n";
  }
  return text + "\n" +
         paragraphs(
             "Examples:\n"
             "  rolecall configure --profile billing --binding billing\n"
             "  rolecall exec --binding billing -- aws s3 ls\n"
             "\n"
             "\"rolecall COMMAND --help\" explains a command and its options.\n"
             "Manual page: man rolecall",
             width);
}

std::string help_text(const Command& command, std::size_t width) {
  const std::string usage = full_name(command) + " " + std::string(command.usage);
  std::string text = paragraphs(std::string(command.summary) + ".", width);
  if (!command.description.empty()) text += "\n" + paragraphs(command.description, width);
  text += "\nUsage: " + usage + "\n";
  if (!command.operand.empty()) {
    text += "\nArguments:\n" + entry(std::string(command.operand), command.operand_help, width);
  }
  text += options_text(command, width);
  if (!command.footer.empty()) text += "\n" + paragraphs(command.footer, width);
  if (command.failure_exit_code == 0) text += "\n" + paragraphs(exit_codes, width);
  return text + "\nManual page: man rolecall-" + std::string(command.name) + "\n";
}

}  // namespace rolecall::cli

// What every help text has: width, headings, full sentences, defaults and limits in one form.
#include "commands/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "commands/all_commands.h"
#include "options/options.h"

namespace rolecall::cli {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t usual_width = 79;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

std::vector<std::string> texts(std::size_t width) {
  std::vector<std::string> all = {overview(width)};
  for (const Command* command : all_commands())
    all.push_back(help_text(*command, width));
  return all;
}

// The line of a profile in ~/.aws/config and a variable to copy have to be one line.
bool has_to_be_one_line(const std::string& line) {
  return line.starts_with("  credential_process = ") ||
         line.starts_with("  export AWS_EC2_METADATA_SERVICE_ENDPOINT=");
}

std::string explained(const Command& command, std::string_view name) {
  const Option* option = find_option(command, name);
  return option == nullptr ? "no such option" : explanation(*option);
}

TEST(Help, HasLinesThatFit) {
  for (const std::size_t width : {usual_width, std::size_t{59}}) {
    for (const std::string& text : texts(width)) {
      for (const std::string& line : lines_of(text)) {
        EXPECT_LE(line.size(), has_to_be_one_line(line) ? usual_width : width) << line;
        EXPECT_FALSE(line.ends_with(' ')) << line;
        // So that a byte is a column, in every locale.
        for (const char c : line)
          EXPECT_TRUE(c >= ' ' && c <= '~') << line;
      }
    }
  }
}

TEST(Help, HasNoTwoEmptyLinesAndEndsOnce) {
  for (const std::string& text : texts(usual_width)) {
    EXPECT_THAT(text, Not(HasSubstr("\n\n\n")));
    EXPECT_THAT(text, EndsWith("\n"));
    EXPECT_THAT(text, Not(EndsWith("\n\n")));
  }
}

TEST(Help, HasTheSameWordsInEveryWidth) {
  const auto words = [](const std::string& text) {
    std::istringstream stream(text);
    return std::vector<std::string>(std::istream_iterator<std::string>(stream), {});
  };
  for (const Command* command : all_commands())
    EXPECT_EQ(words(help_text(*command, 59)), words(help_text(*command, 99))) << command->name;
}

TEST(Help, HasTheHeadingsOfAllCommandsAndAtMostFourOfItsOwn) {
  const std::vector<std::string> shared = {certificate_group, hardware_group,      resources_group,
                                           session_group,     endpoint_group,      network_group,
                                           cache_group,       configuration_group, output_group};
  for (const Command* command : all_commands()) {
    std::set<std::string> own;
    for (const Option* option : all_options(*command))
      own.emplace(option->group);
    for (const std::string& heading : shared)
      own.erase(heading);
    EXPECT_LE(own.size(), 4U) << command->name;
    EXPECT_FALSE(own.contains("Options")) << command->name;

    std::vector<std::string> seen;
    for (const std::string& line : lines_of(help_text(*command, usual_width))) {
      if (std::regex_match(line, std::regex("[A-Z][A-Za-z ]*:")) && line.size() < 25 &&
          !own.contains(line.substr(0, line.size() - 1))) {
        seen.push_back(line.substr(0, line.size() - 1));
      }
    }
    std::vector<std::string> expected;
    if (!command->operand.empty()) expected.emplace_back("Arguments");
    for (const std::string& heading : shared) {
      if (std::find(seen.begin(), seen.end(), heading) != seen.end()) expected.push_back(heading);
    }
    expected.insert(expected.end(), {"Examples", "Exit codes"});
    EXPECT_EQ(seen, expected) << command->name;
  }
}

TEST(Help, HasFullSentences) {
  const std::regex sentence("[A-Z\"$].*[.:]");
  for (const Command* command : all_commands()) {
    EXPECT_FALSE(command->summary.ends_with('.')) << command->name;
    for (const std::string& line : lines_of(std::string(command->description))) {
      if (line.empty()) continue;
      EXPECT_TRUE(std::regex_match(line, sentence)) << line;
      EXPECT_TRUE(line.ends_with('.')) << line;
    }
    for (const std::string& line : lines_of(std::string(command->footer))) {
      if (line.empty() || line.starts_with(' ')) continue;
      EXPECT_TRUE(std::regex_match(line, sentence)) << line;
    }
    for (const Option* option : all_options(*command)) {
      SCOPED_TRACE(std::string(command->name) + " " + std::string(option->name));
      for (const std::string_view text : {option->help, option->limits}) {
        if (text.empty()) continue;
        EXPECT_TRUE(std::regex_match(text.begin(), text.end(), std::regex("[A-Z\"]?.*[^.]\\.")))
            << text;
      }
      EXPECT_TRUE(std::isupper(static_cast<unsigned char>(option->help.front())));
    }
  }
}

TEST(Help, HasDefaultsAndLimitsInOneForm) {
  for (const Command* command : all_commands()) {
    for (const Option* option : all_options(*command)) {
      SCOPED_TRACE(std::string(command->name) + " " + std::string(option->name));
      for (const std::string_view text : {option->help, option->limits}) {
        EXPECT_THAT(std::string(text), Not(HasSubstr("efault:")));
        EXPECT_THAT(std::string(text), Not(HasSubstr("default is")));
      }
      // It goes before a full stop.
      EXPECT_FALSE(option->default_text.ends_with('.'));
      const std::string text = explanation(*option);
      if (!option->default_value.empty() && option->default_text.empty()) {
        EXPECT_THAT(text, HasSubstr(" Default: " + std::string(option->default_value) + "."));
      }
      if (option->kind == Kind::number) {
        EXPECT_THAT(text, HasSubstr(" Allowed: "));
      }
      EXPECT_THAT(text, Not(HasSubstr(" INT ")));
    }
  }
  EXPECT_EQ(explained(update_command, "refresh-before"),
            "How long before their expiry the credentials are renewed. Default: 960. "
            "Allowed: 1 to 43199.");
}

TEST(Help, RequiresNothingThatTheConfigurationFileCanSet) {
  for (const Command* command : all_commands()) {
    for (const Option* option : all_options(*command))
      EXPECT_THAT(explanation(*option), Not(HasSubstr("Required."))) << option->name;
  }
  for (const char* name :
       {"certificate", "private-key", "role-arn", "profile-arn", "trust-anchor-arn"}) {
    EXPECT_THAT(explained(exec_command, name), HasSubstr("Required unless a binding sets it"));
  }
}

TEST(Help, ShowsEveryOptionAndAnExample) {
  for (const Command* command : all_commands()) {
    const std::vector<std::string> lines = lines_of(help_text(*command, usual_width));
    for (const Option* option : all_options(*command)) {
      std::string flag = "  --" + std::string(option->name);
      if (!placeholder(*option).empty()) flag += " " + std::string(placeholder(*option));
      EXPECT_THAT(lines, Contains(flag + (option->repeatable ? " ..." : "")));
    }
    EXPECT_THAT(std::string(command->footer), HasSubstr("Examples:\n  "));
    EXPECT_THAT(std::string(command->footer), HasSubstr(std::string(command->name)))
        << command->name;
  }
}

TEST(Help, IsAsWideAsColumnsSays) {
  for (const auto& [columns, width] : std::vector<std::pair<const char*, std::size_t>>{
           {"60", 59}, {"80", 79}, {"100", 99}, {"400", 99}, {"10", 39}}) {
    setenv("COLUMNS", columns, 1);
    EXPECT_EQ(help_width(), width) << columns;
  }
  unsetenv("COLUMNS");
}

}  // namespace
}  // namespace rolecall::cli

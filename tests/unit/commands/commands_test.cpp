// The table of commands and options is as its readers expect it.
#include <gtest/gtest.h>

#include <set>

#include "commands/all_commands.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

TEST(Commands, HaveEachOptionOnceAndEachNameOnce) {
  std::set<std::string_view> names;
  for (const Command* command : all_commands()) {
    EXPECT_TRUE(names.insert(command->name).second) << command->name;
    EXPECT_EQ(find_command(command->name), command);
    std::set<std::string_view> options;
    for (const Option* option : all_options(*command))
      EXPECT_TRUE(options.insert(option->name).second) << command->name << " " << option->name;
  }
}

TEST(Commands, HaveDefaultValuesThatTheirOptionsAccept) {
  for (const Command* command : all_commands()) {
    for (const Option* option : all_options(*command)) {
      if (option->default_value.empty()) continue;
      EXPECT_NO_THROW(check_value(*option, std::string(option->default_value), full_name(*command)))
          << command->name << " " << option->name;
    }
  }
}

TEST(Commands, HaveLimitsForNumbersAndWordsForValues) {
  for (const Command* command : all_commands()) {
    for (const Option* option : all_options(*command)) {
      SCOPED_TRACE(std::string(command->name) + " " + std::string(option->name));
      EXPECT_EQ(placeholder(*option).empty(), option->kind == Kind::toggle);
      EXPECT_EQ(option->choices.empty(), option->kind != Kind::choice);
      EXPECT_TRUE(option->required_unless.empty() ||
                  find_option(*command, option->required_unless) != nullptr);
      EXPECT_FALSE(option->help.empty());
      if (option->kind != Kind::number) continue;
      EXPECT_LT(option->minimum, option->maximum);
      for (const long wrong : {option->minimum - 1, option->maximum + 1})
        EXPECT_THROW(check_value(*option, std::to_string(wrong), "x"), Error);
      for (const long right : {option->minimum, option->maximum})
        EXPECT_NO_THROW(check_value(*option, std::to_string(right), "x"));
    }
  }
}

}  // namespace
}  // namespace rolecall::cli

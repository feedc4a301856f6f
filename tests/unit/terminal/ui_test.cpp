#include "terminal/ui.h"
#include "commands/all_commands.h"

#include <gtest/gtest.h>

namespace rolecall::cli {
namespace {

TEST(WithFlags, SpellsOptionsAsFlags) {
  spell_as_flags(is_option_name);
  EXPECT_EQ(with_flags("`role-arn` and `profile-arn` differ"),
            "--role-arn and --profile-arn differ");
  EXPECT_EQ(with_flags("give it as `certificate`"), "give it as --certificate");
  EXPECT_EQ(with_flags("` and `timeout`"), "` and --timeout");
}

TEST(WithFlags, LeavesOtherTextAsItIs) {
  spell_as_flags(is_option_name);
  for (const char* text : {"", "`", "``", "a ` b", "file `x`", "`a b`", "`unclosed"})
    EXPECT_EQ(with_flags(text), text);
}

}  // namespace
}  // namespace rolecall::cli

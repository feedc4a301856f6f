#include "cli/known_names.h"

#include <gtest/gtest.h>

namespace rolecall::cli {
namespace {

TEST(KnownNames, TheShortListHasNothingThatIsNoFlag) {
  EXPECT_EQ(stale_quick_names(), std::vector<std::string>());
}

}  // namespace
}  // namespace rolecall::cli

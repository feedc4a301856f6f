// What threads may still use while the process ends: std::exit destroys statics beside them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "terminal/origins.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

constexpr const char* sentence = "a sentence that is too long to stand in a string itself";

// Ends the process. `last` is registered before `first` makes any static, so it is called after all
// of them would be destroyed, as by a slower thread; the exit code is 0 if it returns true.
template <bool (*last)()>
[[noreturn]] void exit_between(void (*first)()) {
  std::atexit([] { _exit(last() ? 0 : 1); });
  first();
  std::exit(2);
}

bool origins_are_there() {
  return origins_in("--region is wrong") == "; --region comes from environment variable X_REGION";
}

TEST(AtExit, OriginsAreStillThere) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(exit_between<origins_are_there>([] {
                remember_origin("region", {"eu-west-1"}, "environment variable X_REGION");
              }),
              testing::ExitedWithCode(0), "");
}

bool warn_twice() {
  stderr_reporter(false).warning(sentence);
  stderr_reporter(false).warning(std::string("still, ") + sentence);
  return true;
}

TEST(AtExit, AWarningIsStillGivenOnce) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(exit_between<warn_twice>([] {
                release_warnings(false);
                stderr_reporter(false).warning(sentence);
              }),
              testing::ExitedWithCode(0),
              "^rolecall: warning: a sentence [^\n]*\nrolecall: warning: still, a sent[^\n]*\n$");
}

}  // namespace
}  // namespace rolecall::cli

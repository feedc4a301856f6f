#include "base/library.h"

#include "rolecall/error.h"

namespace rolecall {
namespace {

using testing::HasSubstr;

TEST(SharedLibrary, FindsFunctions) {
  const SharedLibrary library("libm.so.6", "libc6");
  double (*root)(double) = nullptr;
  library.find(root, "sqrt");
  EXPECT_EQ(root(9), 3);
}

TEST(SharedLibrary, LeavesAFunctionThatOnlyNewerVersionsHave) {
  const SharedLibrary library("libm.so.6", "libc6");
  double (*root)(double) = [](double) { return 4.; };
  library.find_newer(root, "no_such_function");
  EXPECT_EQ(root(9), 4);
  library.find_newer(root, "sqrt");
  EXPECT_EQ(root(9), 3);
}

TEST(SharedLibrary, SaysWhatIsMissing) {
  try {
    const SharedLibrary library("libnone-such.so.9", "none-such9");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_THAT(error.what(), HasSubstr("cannot load libnone-such.so.9"));
    EXPECT_THAT(error.hint(), HasSubstr("none-such9"));
  }
  const SharedLibrary library("libm.so.6", "libc6");
  double (*root)(double) = nullptr;
  EXPECT_THROW(library.find(root, "no_such_function"), Error);
}

}  // namespace
}  // namespace rolecall

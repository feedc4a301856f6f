#include "options/binding_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>

#include "rolecall/error.h"
#include "unit/support/scratch_directory.h"

namespace rolecall::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ConfigFile file_with(const std::string& text) {
  // Each process has its own: tests run at the same time.
  const ScratchDirectory directory;
  const std::string path = directory / "config.toml";
  std::ofstream(path) << text;
  chmod(path.c_str(), 0600);
  return read_config_file(path);
}

std::string refusal(const std::string& text, const std::string& binding) {
  try {
    fallbacks_of(file_with(text), binding);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "no error";
}

TEST(Fallbacks, AreInTheOrderOfTheListsWithoutDuplicates) {
  const ConfigFile file = file_with(
      "[binding.a]\nfallback = [\"b\", \"c\"]\n[binding.b]\nfallback = \"d\"\n"
      "[binding.c]\nfallback = [\"d\", \"e\"]\n[binding.d]\n[binding.e]\nfallback = []\n");
  EXPECT_THAT(fallbacks_of(file, "a"), ElementsAre("b", "d", "c", "e"));
  EXPECT_THAT(fallbacks_of(file, "c"), ElementsAre("d", "e"));
  EXPECT_THAT(fallbacks_of(file, "d"), IsEmpty());
  EXPECT_THAT(fallbacks_of(file, "e"), IsEmpty());
  EXPECT_THAT(fallbacks_of(ConfigFile(), "default"), IsEmpty());
}

TEST(Fallbacks, ACycleIsAnError) {
  EXPECT_THAT(refusal("[binding.a]\nfallback = \"a\"\n", "a"),
              HasSubstr("line 2: fallback leads back to the binding \"a\": a → a"));
  EXPECT_THAT(refusal("[binding.a]\nfallback = \"b\"\n[binding.b]\nfallback = \"c\"\n"
                      "[binding.c]\nfallback = \"b\"\n",
                      "a"),
              HasSubstr("line 6: fallback leads back to the binding \"b\": a → b → c → b"));
}

TEST(Fallbacks, OtherMistakes) {
  EXPECT_THAT(refusal("[binding.a]\nfallback = \"b\"\n", "a"),
              HasSubstr("line 2: there is no binding \"b\" for fallback"));
  EXPECT_THAT(refusal("[binding.a]\nfallback = [\"b\", \"b\"]\n[binding.b]\n", "a"),
              HasSubstr("line 2: fallback has \"b\" twice"));
  EXPECT_THAT(refusal("[binding.a]\nfallback = 1\n", "a"), HasSubstr("takes names of bindings"));
  std::string chain;
  for (int i = 0; i < 10; ++i) {
    const std::string next = "b" + std::to_string(i + 1);
    chain += "[binding.b" + std::to_string(i) + "]\nfallback = \"" + next + "\"\n";
  }
  EXPECT_THAT(refusal(chain + "[binding.b10]\n", "b0"),
              HasSubstr("binding \"b0\" has more than 8 fallbacks"));
  EXPECT_EQ(refusal(chain + "[binding.b10]\n", "b2"), "no error");
}

}  // namespace
}  // namespace rolecall::cli

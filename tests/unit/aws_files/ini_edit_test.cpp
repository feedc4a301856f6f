// Cases that are not in credentials_file_test.cpp: keys that are removed, and other keys.
#include "aws_files/ini_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<IniChange> set_command = {{"credential_process", "/bin/x a"}};
const std::vector<IniChange> remove_two = {{"k1", std::nullopt}, {"k2", std::nullopt}};

std::string edit_keys(std::string_view file, const std::vector<IniChange>& changes,
                      std::string_view section = "profile a") {
  return std::string(edit_section("the file", file, section, changes).bytes.view());
}

struct IniEditCase {
  const char* name;
  std::vector<IniChange> changes;
  std::string before;
  std::string after;
};

class IniEdit : public testing::TestWithParam<IniEditCase> {};

TEST_P(IniEdit, ChangesWhatItMust) {
  EXPECT_EQ(edit_keys(GetParam().before, GetParam().changes), GetParam().after);
  EXPECT_EQ(edit_keys(GetParam().after, GetParam().changes), GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Files, IniEdit,
    testing::Values(
        IniEditCase{"NewFile", set_command, "", "[profile a]\ncredential_process = /bin/x a\n"},
        IniEditCase{"NewKey", set_command, "[profile a]\nregion = r\n",
                    "[profile a]\ncredential_process = /bin/x a\nregion = r\n"},
        IniEditCase{"OldKey", set_command, "[profile a]\nregion = r\ncredential_process=old # c\n",
                    "[profile a]\nregion = r\ncredential_process=/bin/x a\n"},
        IniEditCase{
            "CommandInSeveralLines", set_command,
            "[profile a]\ncredential_process = /bin/old\n  --role-arn arn:aws:iam::1:role/r\n"
            "  -v\nregion = r\n",
            "[profile a]\ncredential_process = /bin/x a\nregion = r\n"},
        IniEditCase{"RemovedInPlace", remove_two, "[profile a]\nx = 1\nk1 = a\n# c\nK2: b\ny = 2\n",
                    "[profile a]\nx = 1\n# c\ny = 2\n"},
        IniEditCase{"RemovedWithContinuations", remove_two,
                    "[profile a]\nk1 = a\n  b\n\n  # c\n  d\nx = 1\n",
                    "[profile a]\n\n  # c\nx = 1\n"},
        IniEditCase{"RemovedTwice", remove_two, "[profile a]\nk1=a\nk1=b\nx=1\n",
                    "[profile a]\nx=1\n"},
        IniEditCase{"RemovedLastWithoutNewline", remove_two, "[profile a]\nx=1\nk2=b",
                    "[profile a]\nx=1\n"},
        IniEditCase{"RemovedCrLf", remove_two, "[profile a]\r\nk1=a\r\nx=1\r\n",
                    "[profile a]\r\nx=1\r\n"},
        IniEditCase{"OnlyThatSection", remove_two, "[b]\nk1=a\n[profile a]\nk1=a\n[c]\nk1=a\n",
                    "[b]\nk1=a\n[profile a]\n[c]\nk1=a\n"},
        IniEditCase{"NothingToRemove", remove_two, "[profile a]\nk1x=a\ns3 =\n  k1 = a\n",
                    "[profile a]\nk1x=a\ns3 =\n  k1 = a\n"},
        IniEditCase{"NoSectionForRemoval", remove_two, "[b]\nk1 = a", "[b]\nk1 = a"},
        IniEditCase{"BothAtOnce",
                    {{"k1", std::nullopt}, {"credential_process", "/bin/x a"}},
                    "[profile a]\n  k1 = a\n  x = 1\n",
                    "[profile a]\n  credential_process = /bin/x a\n  x = 1\n"}),
    [](const testing::TestParamInfo<IniEditCase>& each) { return each.param.name; });

TEST(IniEditRefusals, NameTheFileAndTheLine) {
  const auto refusal = [](std::string_view file, const std::vector<IniChange>& changes) {
    try {
      edit_keys(file, changes);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_THAT(refusal("[profile a]\nk1 = a\n  region = r\n", remove_two),
              HasSubstr("line 3 of the file looks like a setting"));
  EXPECT_THAT(refusal("[profile a]\nk1 = a\n  [profile b]\n", remove_two), HasSubstr("line 3"));
  EXPECT_THAT(refusal(std::string_view("[profile a]\n\0", 13), set_command),
              HasSubstr("the file contains NUL"));
}

TEST(IniEditWarnings, DoNotPromiseASectionThatIsNotMade) {
  const auto warnings = [](const std::vector<IniChange>& changes) {
    return edit_section("f", "[b]\nx = 1\n  [profile a]\n", "profile a", changes).warnings;
  };
  EXPECT_THAT(warnings(set_command),
              ElementsAre(HasSubstr("rolecall adds a new section at the end")));
  EXPECT_THAT(warnings(remove_two), ElementsAre(testing::Not(HasSubstr("new section"))));
}

// If a key is set and then removed, the file is the same as before, at whatever place the key was.
TEST(IniEditProperties, SettingAndRemovingUndoEachOther) {
  const std::vector<std::string> pieces = {
      "[profile a]\n", "[b]\n", "x = 1\n",   "  y = 2\n",      "# c\n", "\n",
      "  \n",          "z\n",   "\tw : 3\n", "s3 =\n  n = 1\n"};
  for (unsigned seed = 0; seed < 20000; ++seed) {
    std::mt19937 random(seed);
    std::string file = "[profile a]\n";
    for (unsigned size = static_cast<unsigned>(random() % 12); size > 0; --size)
      file += pieces[random() % pieces.size()];
    const std::string set = edit_keys(file, {{"k1", "v"}});
    ASSERT_NE(set, file);
    ASSERT_EQ(edit_keys(set, {{"k1", std::nullopt}}), file) << "seed " << seed << "\n" << set;
  }
}

TEST(IniSections, TellNamesLinesAndKeys) {
  const auto sections = ini_sections(
      "a = 1\n[default] # c\nRegion = r\n[profile \"b\"]\nx=1\n y=2\n"
      "x=3\n");
  ASSERT_EQ(sections.size(), 2U);
  EXPECT_EQ(sections[0].name, "default");
  EXPECT_EQ(sections[0].line, 2U);
  EXPECT_THAT(sections[0].lines, ElementsAre(testing::Pair("region", 3U)));
  EXPECT_EQ(sections[1].name, "profile \"b\"");
  EXPECT_THAT(sections[1].lines, ElementsAre(testing::Pair("x", 7U)));
}

}  // namespace
}  // namespace rolecall::aws

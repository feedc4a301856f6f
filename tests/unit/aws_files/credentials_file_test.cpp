#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "aws_files/credentials_file.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Credentials credentials(const std::string& id, const std::string& secret,
                        const std::string& token) {
  Credentials result;
  result.access_key_id = id;
  result.secret_access_key = Secret(secret);
  result.session_token = Secret(token);
  return result;
}

std::string edit(std::string_view file, std::string_view profile = "default",
                 const std::string& mark = "") {
  const EditedFile edited = set_profile_credentials(
      file, profile, credentials("ID" + mark, "SECRET" + mark, "TOKEN" + mark + "=="));
  return std::string(edited.bytes.view());
}

std::vector<std::string> warnings(std::string_view file) {
  return set_profile_credentials(file, "default", credentials("ID", "SECRET", "TOKEN")).warnings;
}

const std::string key_lines =
    "aws_access_key_id = ID\naws_secret_access_key = SECRET\naws_session_token = TOKEN==\n";

struct Case {
  const char* name;
  std::string before;
  std::string after;
};

class CredentialsText : public testing::TestWithParam<Case> {};

TEST_P(CredentialsText, Edits) {
  EXPECT_EQ(edit(GetParam().before), GetParam().after);
  EXPECT_EQ(edit(GetParam().after), GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Files, CredentialsText,
    testing::Values(
        Case{"Empty", "", "[default]\n" + key_lines},
        Case{"HeaderAlone", "[default]", "[default]\n" + key_lines},
        Case{"CommentsAlone", "# mine\n", "# mine\n\n[default]\n" + key_lines},
        Case{"InPlace",
             "# top\n[a]\nx=1\n[default]\nregion=eu\naws_session_token=old # c\n  \n"
             "aws_access_key_id:old  \naws_secret_access_key\t=\told\n; end\n[z]\n",
             "# top\n[a]\nx=1\n[default]\nregion=eu\naws_session_token=TOKEN==\n  \n"
             "aws_access_key_id:ID  \naws_secret_access_key\t=\tSECRET\n; end\n[z]\n"},
        Case{"NoNewlineAtTheEnd",
             "[default]\naws_session_token = a\naws_access_key_id = b\n"
             "aws_secret_access_key = c",
             "[default]\naws_session_token = TOKEN==\naws_access_key_id = ID\n"
             "aws_secret_access_key = SECRET"},
        Case{"LastLineOfAnotherSection", "[a]\nx = 1", "[a]\nx = 1\n\n[default]\n" + key_lines},
        Case{"EmptyLineAtTheEnd", "[a]\nx = 1\n\n", "[a]\nx = 1\n\n[default]\n" + key_lines},
        Case{"CrLf", "[default]\r\nx=1\r\naws_access_key_id=a\r\n",
             "[default]\r\nx=1\r\naws_access_key_id=ID\r\naws_secret_access_key = SECRET\r\n"
             "aws_session_token = TOKEN==\r\n"},
        Case{"CrLfAppended", "[a]\r\nx=1",
             "[a]\r\nx=1\r\n\r\n[default]\r\naws_access_key_id = ID\r\n"
             "aws_secret_access_key = SECRET\r\naws_session_token = TOKEN==\r\n"},
        Case{"HeaderWithAComment", "[default] # [mine]\n", "[default] # [mine]\n" + key_lines},
        Case{"HeaderIndented", "[a]\n\t[default]\n", "[a]\n\t[default]\n" + key_lines},
        Case{"IndentedKeysFollow", "[default]\n\n# c\n  x = 1\n",
             "[default]\n  aws_access_key_id = ID\n  aws_secret_access_key = SECRET\n"
             "  aws_session_token = TOKEN==\n\n# c\n  x = 1\n"},
        Case{"IndentedHeaderFollows", "[default]\n  [b]\n",
             "[default]\n  aws_access_key_id = ID\n  aws_secret_access_key = SECRET\n"
             "  aws_session_token = TOKEN==\n  [b]\n"},
        Case{"IndentedHeaderIsAValue", "[a]\nx = 1\n  [default]\n",
             "[a]\nx = 1\n  [default]\n\n[default]\n" + key_lines},
        Case{"WideBlanks", "\u00a0[default]\u2003\n\u00a0aws_access_key_id\u00a0=\u3000a\u00a0\n",
             "\u00a0[default]\u2003\n\u00a0aws_access_key_id\u00a0=\u3000ID\u00a0\n"
             "\u00a0aws_secret_access_key = SECRET\n\u00a0aws_session_token = TOKEN==\n"},
        Case{"IndentedKeyIsAValue", "[default]\ns3 =\n  aws_access_key_id = a\n",
             "[default]\n" + key_lines + "s3 =\n  aws_access_key_id = a\n"},
        Case{"NamesThatOnlyBegin", "[default]\naws_access_key_id_old = a\naws_access_key = b\n",
             "[default]\n" + key_lines + "aws_access_key_id_old = a\naws_access_key = b\n"},
        Case{"OtherSectionNames", "[ default ]\n[profile default]\n[Default]\n[default x]\n",
             "[ default ]\n[profile default]\n[Default]\n[default x]\n\n[default]\n" + key_lines},
        Case{"OtherCase", "[default]\nAWS_Access_Key_ID = a\n",
             "[default]\nAWS_Access_Key_ID = ID\naws_secret_access_key = SECRET\n"
             "aws_session_token = TOKEN==\n"},
        Case{"EmptyValues",
             "[default]\naws_access_key_id =\naws_secret_access_key=  \n"
             "aws_session_token = ",
             "[default]\naws_access_key_id =ID\naws_secret_access_key=  SECRET\n"
             "aws_session_token = TOKEN=="},
        Case{"ContinuationLines", "[default]\naws_session_token =\n  abc\n# c\n\n  def==\nx = 1\n",
             "[default]\naws_session_token =TOKEN==\naws_access_key_id = ID\n"
             "aws_secret_access_key = SECRET\n# c\n\nx = 1\n"},
        Case{"ByteOrderMark", "\xEF\xBB\xBF[default]\r\n",
             "\xEF\xBB\xBF[default]\r\naws_access_key_id = ID\r\naws_secret_access_key = SECRET\r\n"
             "aws_session_token = TOKEN==\r\n"},
        Case{"KeysBeforeAnySection", "aws_access_key_id = a\n[default]\n",
             "aws_access_key_id = a\n[default]\n" + key_lines},
        Case{"ALongLine", "[a]\nx = " + std::string(200000, 'y') + "\n[b]\n",
             "[a]\nx = " + std::string(200000, 'y') + "\n[b]\n\n[default]\n" + key_lines}),
    [](const testing::TestParamInfo<Case>& each) { return each.param.name; });

TEST(CredentialsTextWarnings, SayWhatTheAwsCliRefuses) {
  const std::string section = "[default]\naws_access_key_id = a\n";
  EXPECT_THAT(warnings(section), ElementsAre());
  EXPECT_THAT(warnings(section + section),
              ElementsAre(HasSubstr("occurs a second time in line 3")));
  EXPECT_THAT(warnings(section + "aws_access_key_id = b\n"),
              ElementsAre(HasSubstr("line 3 sets aws_access_key_id a second time")));
  EXPECT_THAT(warnings(section + "[a]\nx = 1\nx = 2\n"),
              ElementsAre(HasSubstr("line 5 sets x a second time")));
  EXPECT_THAT(warnings(section + "[a]\n[a]\n"),
              ElementsAre(HasSubstr("line 4 begins section [a] a second time")));
  EXPECT_THAT(warnings("junk\n" + section), ElementsAre(HasSubstr("line 1 is not a setting")));
  EXPECT_THAT(warnings(section + "junk\n"), ElementsAre(HasSubstr("line 3 is not a setting")));
  EXPECT_THAT(warnings(section + "aws_security_token = b\n"),
              ElementsAre(HasSubstr("aws_security_token in line 3")));
  EXPECT_THAT(warnings("[a]\nx = 1\n  [default]\n"),
              ElementsAre(HasSubstr("line 3 is indented, so the AWS CLI reads it")));
  EXPECT_THROW(warnings(std::string("[a]\0", 4)), Error);
  EXPECT_THAT(warnings("\xEF\xBB\xBF" + section), ElementsAre(HasSubstr("byte order mark")));
}

TEST(CredentialsTextDuplicates, FirstSectionAndEveryKeyOfIt) {
  EXPECT_EQ(edit("[default]\naws_access_key_id=a\naws_access_key_id=b\n[b]\n"
                 "[default]\naws_access_key_id=c\n"),
            "[default]\naws_access_key_id=ID\naws_access_key_id=ID\n"
            "aws_secret_access_key = SECRET\naws_session_token = TOKEN==\n[b]\n"
            "[default]\naws_access_key_id=c\n");
}

ErrorKind refusal(std::string_view file, std::string_view profile, Credentials values) {
  try {
    set_profile_credentials(file, profile, values);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::try_later;
}

TEST(CredentialsTextRefusals, SettingsThatWouldBeLostAsPartOfAValue) {
  for (const char* lost : {"  [other]\n", "  region = eu\n", "\t[other]\n  x = 1\n"}) {
    const std::string file = std::string("[default]\naws_secret_access_key = a\n") + lost;
    EXPECT_EQ(refusal(file, "default", credentials("a", "b", "c")), ErrorKind::usage) << lost;
  }
}

TEST(CredentialsTextRefusals, ProfileNames) {
  for (const char* name : {"", "DEFAULT", "a]b", "[a", "a\nb", " a", "a ", "\t"}) {
    EXPECT_EQ(refusal("", name, credentials("a", "b", "c")), ErrorKind::usage) << name;
  }
}

TEST(CredentialsTextRefusals, ValuesThatWouldEndTheirLine) {
  for (const char* bad : {"", "a\nb", "a\rb", "a b", "a\tb", "\x7f", "\xC2\x85"}) {
    EXPECT_EQ(refusal("", "x", credentials(bad, "b", "c")), ErrorKind::failed) << bad;
    EXPECT_EQ(refusal("", "x", credentials("a", bad, "c")), ErrorKind::failed) << bad;
    EXPECT_EQ(refusal("", "x", credentials("a", "b", bad)), ErrorKind::failed) << bad;
  }
}

// Writes a file and, without reading it, what it must become.
class Author {
 public:
  explicit Author(unsigned seed) : random_(seed) {
    ending_ = pick({"\n", "\r\n"});
    const unsigned sections = number(4);
    const unsigned target = number(5);  // may be no existing section
    while (number(3) == 0)
      filler();
    for (unsigned i = 0; i < sections; ++i)
      section(i == target ? "target" : "other" + std::to_string(i), i == target);
    if (target >= sections) {
      if (before_.empty()) ending_ = "\n";
      if (!before_.empty() && !last_empty_) both(ending_);
      after_ += "[target]" + ending_;
      for (const char* name : names)
        after_ += std::string(name) + " = " + value(name) + ending_;
    } else if (number(4) == 0 && before_.ends_with(ending_) && !last_added_) {
      before_.resize(before_.size() - ending_.size());
      after_.resize(after_.size() - ending_.size());
    }
  }
  const std::string& before() const { return before_; }
  const std::string& after() const { return after_; }

 private:
  static constexpr std::array<const char*, 3> names = {"aws_access_key_id", "aws_secret_access_key",
                                                       "aws_session_token"};
  unsigned number(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::string pick(std::vector<std::string> from) {
    return from[number(static_cast<unsigned>(from.size()))];
  }
  static std::string value(const std::string& name) {
    if (name == names[0]) return "ID";
    return name == names[1] ? "SECRET" : "TOKEN==";
  }
  void both(const std::string& text) {
    before_ += text;
    after_ += text;
    last_added_ = false;
  }
  void line(const std::string& text) {
    both(text + ending_);
    last_empty_ = text.find_first_not_of(" \t") == std::string::npos;
  }
  void filler() {
    line(pick({"", "  ", "# a = b", "  ; [target]", "\t# aws_access_key_id = x",
               "#" + std::string(number(300), 'z')}));
  }
  void section(const std::string& name, bool target) {
    line("[" + name + "]" + pick({"", " ", " # c", "\t; [x]"}));
    std::vector<std::string> todo = {"region", "aws_access_key_id_old", "aws_session", "s3"};
    std::shuffle(todo.begin(), todo.end(), random_);
    todo.resize(number(4));
    const bool has_keys = number(3) > 0;
    if (has_keys) todo.insert(todo.end(), names.begin(), names.end());
    std::shuffle(todo.begin(), todo.end(), random_);
    if (target && !has_keys) {
      for (const char* key : names)
        after_ += std::string(key) + " = " + value(key) + ending_;
      last_added_ = true;
    }
    for (const std::string& key : todo) {
      while (number(4) == 0)
        filler();
      const bool ours = target && std::find(names.begin(), names.end(), key) != names.end();
      const std::string start = key + pick({"=", " = ", ":", " :\t", "   =   "});
      const std::string old = pick({"old", "a # b", "x=y", "[target]", std::string(500, 'q')});
      const std::string blank = pick({"", "", " ", "\t "});
      before_ += start + old + blank + ending_;
      after_ += start + (ours ? value(key) : old) + blank + ending_;
      last_added_ = last_empty_ = false;
      if (!ours && number(3) == 0) line("  aws_access_key_id = nested");
      if (ours && number(4) == 0) {
        before_ += " more/of+it" + ending_;
        last_added_ = true;
      }
    }
    while (number(4) == 0)
      filler();
  }

  std::mt19937 random_;
  std::string ending_;
  std::string before_;
  std::string after_;
  bool last_empty_ = false;
  bool last_added_ = false;  // the last lines of the two are not the same
};

TEST(CredentialsTextProperties, OnlyTheThreeValuesDiffer) {
  for (unsigned seed = 0; seed < 20000; ++seed) {
    const Author author(seed);
    ASSERT_EQ(edit(author.before(), "target"), author.after()) << "seed " << seed << "\n"
                                                               << author.before();
  }
}

TEST(CredentialsTextProperties, AnyBytesAreEditedTheSameWayTwice) {
  const std::vector<std::string> pieces = {"[",
                                           "]",
                                           "[t]",
                                           "[t]\n",
                                           "[u]\n",
                                           "=",
                                           ":",
                                           "#",
                                           ";",
                                           " ",
                                           "  ",
                                           "\t",
                                           "\n",
                                           "\n",
                                           "\n",
                                           "\r\n",
                                           "\r",
                                           "aws_access_key_id",
                                           "aws_access_key_id = a\n",
                                           "AWS_SECRET_ACCESS_KEY",
                                           "aws_session_token=",
                                           "aws_secret_access_key : b\n",
                                           "x",
                                           "x = 1\n",
                                           "\xEF\xBB\xBF",
                                           "\xFF",
                                           "\u00a0",
                                           "\u2028",
                                           "\x1c",
                                           "\v"};
  int edited = 0;
  for (unsigned seed = 0; seed < 40000; ++seed) {
    std::mt19937 random(seed);
    std::string file;
    for (unsigned size = static_cast<unsigned>(random() % 30); size > 0; --size)
      file += pieces[random() % pieces.size()];
    std::string once;
    try {
      once = edit(file, "t", "1");
    } catch (const Error&) {
      continue;  // refused: the edit would remove a line
    }
    ++edited;
    ASSERT_EQ(edit(once, "t", "1"), once) << "seed " << seed;
    // The edits in between leave no trace.
    ASSERT_EQ(edit(edit(file, "t", "2"), "t", "1"), once) << "seed " << seed;
    ASSERT_THAT(once, HasSubstr("ID1"));
    ASSERT_THAT(once, HasSubstr("SECRET1"));
    ASSERT_THAT(once, HasSubstr("TOKEN1=="));
  }
  EXPECT_GT(edited, 30000);
}

}  // namespace
}  // namespace rolecall::aws

#include "options/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr const char* sample = R"(region = "eu-central-1"  # a comment
timeout = 2.5
session-duration = 0xe10
debug = true
list = ["a", "b"]
[update]
once = false
[binding.second]
certificate = '/etc/a#b\c.pem'
[binding."first.one"]
role-arn = "caf\u00e9"
[binding.empty]
)";

class ConfigFileTest : public testing::Test {
 protected:
  ConfigFileTest() { close(mkstemp(path_)); }
  ~ConfigFileTest() override { unlink(path_); }

  ConfigFile read(std::string_view text) const {
    const int file = open(path_, O_WRONLY | O_TRUNC);
    EXPECT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(file);
    return read_config_file(path_);
  }

  char path_[32] = "/tmp/config-test-XXXXXX";
};

std::string shown(const ConfigFile& file, const std::string& table) {
  std::string text;
  for (const Setting& setting : file.tables.at(table)) {
    text += std::to_string(setting.line) + " " + setting.name;
    for (const std::string& value : setting.values)
      text += "=" + value;
    text += "\n";
  }
  return text;
}

TEST_F(ConfigFileTest, TablesValuesAndLines) {
  const ConfigFile file = read(sample);
  EXPECT_EQ(file.path, path_);
  EXPECT_FALSE(file.others_can_read);
  EXPECT_EQ(shown(file, ""),
            "4 debug=true\n5 list=a=b\n1 region=eu-central-1\n3 session-duration=3600\n"
            "2 timeout=2.5\n");
  EXPECT_EQ(shown(file, "update"), "7 once=false\n");
  EXPECT_EQ(shown(file, "binding.second"), "9 certificate=/etc/a#b\\c.pem\n");
  EXPECT_EQ(shown(file, "binding.first.one"), "11 role-arn=café\n");
  EXPECT_EQ(shown(file, "binding.empty"), "");
  EXPECT_EQ(file.bindings, (std::vector<std::string>{"second", "first.one", "empty"}));
}

// On each of them the parser's behaviour is undefined if it sees them as they are.
TEST_F(ConfigFileTest, CharactersThatAreNotAscii) {
  const ConfigFile file = read(
      "a = \"\"\"1\\\n  \u00e9\U0001f600\"\"\" # \u00e9\n\"\u00e9\" = '\u00e9'\n"
      "b = [\"\u00e9\",'\u00e9']\n");
  EXPECT_EQ(shown(file, ""), "1 a=1\u00e9\U0001f600\n4 b=\u00e9=\u00e9\n3 \u00e9=\u00e9\n");
}

TEST_F(ConfigFileTest, CharactersThatAreNotAsciiAndNotInStrings) {
  for (const char* text :
       {"\n\u00e9 = 1", "\na = 1'\u00e9'", "\na = 1\"\u00e9\"", "\na = \"x\"\"\u00e9\"",
        "\na = \"\"\"x\\\u00e9\"\"\"", "\na = \"\\\u00e9\""}) {
    try {
      read(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("line 2: "), std::string::npos) << error.what();
    }
  }
}

TEST_F(ConfigFileTest, NamesThatAreEmptyOrEndAMessage) {
  for (const char* text :
       {R"("" = 1)", R"(""."" = 1)", R"(["a\u0000"])", R"([binding.""])", R"([binding."a\u0000"])",
        R"(update."a\u0000" = 1)", "[\"\"]\nregion = 'x'"}) {
    try {
      read(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what())
                      .ends_with("line 1: a name is empty or contains a NUL character"))
          << text << ": " << error.what();
    }
  }
}

TEST_F(ConfigFileTest, EmptyIsEmpty) {
  EXPECT_TRUE(read("").tables.empty());
  EXPECT_EQ(read_config_file("/dev/null").path, "");
}

TEST_F(ConfigFileTest, OthersMayReadButNotWrite) {
  chmod(path_, 0644);
  EXPECT_TRUE(read(sample).others_can_read);
  for (const mode_t mode : {0620U, 0602U}) {
    chmod(path_, mode);
    EXPECT_THROW(read_config_file(path_), Error);
  }
}

// Whatever is in the file: settings or one Error.
TEST_F(ConfigFileTest, DamagedFilesAreErrorsAndNothingElse) {
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = sample;
    for (std::size_t n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        const std::string_view signs = "[]{}\"'=#.\n,\\";
        text[at] = random() % 3 == 0 ? static_cast<char>(random()) : signs[random() % signs.size()];
      } else {
        text.erase(at, random() % 8);
      }
    }
    try {
      read(text);
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.kind(), ErrorKind::usage);
    }
  }
  EXPECT_GT(refused, 500);
  EXPECT_LT(refused, 3000);
}

}  // namespace
}  // namespace rolecall::cli

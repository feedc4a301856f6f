#include "identity/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

using testing::HasSubstr;

constexpr const char* serial = "15D19632234BF759A32802C0DA88F9E8AFC8702D";

class SelectorForms : public testing::Test {
 protected:
  SelectorForms() {
    std::string name = (std::filesystem::temp_directory_path() / "rolecall-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~SelectorForms() override { std::filesystem::remove_all(folder_); }

  // file:// and a file of this content.
  std::string file(const std::string& content) const {
    std::ofstream(folder_ / "selector.json", std::ios::binary) << content;
    return "file://" + (folder_ / "selector.json").string();
  }
  static std::string refusal(const std::string& text) {
    try {
      parse_selector(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_FALSE(error.hint().empty()) << error.what();
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path folder_;
};

TEST_F(SelectorForms, TextForms) {
  EXPECT_EQ(parse_selector("Key=x509Subject,Value=CN=Subject Key=x509Issuer,Value=CN=Issuer "
                           "Key=x509Serial,Value=" +
                           std::string(serial)),
            (Selector{"CN=Subject", "CN=Issuer", serial}));
  EXPECT_EQ(parse_selector("Key=x509Issuer,Value=CN=Issuer"), (Selector{"", "CN=Issuer", ""}));
  EXPECT_EQ(parse_selector("Key=x509Subject,Value=CN=a b,OU=c d  ,O=Key Co, Inc Key=x509Issuer,"
                           "Value=CN=x=y"),
            (Selector{"CN=a b,OU=c d  ,O=Key Co, Inc", "CN=x=y", ""}));
  // White space between the entries and around all of it is nobody's.
  EXPECT_EQ(parse_selector(" \n  Key=x509Subject,Value=CN=a  \t\r\n Key=x509Issuer,Value=CN=b \n "),
            (Selector{"CN=a", "CN=b", ""}));
  // No white space is needed between them: that is the official helper's rule.
  EXPECT_EQ(parse_selector("Key=x509Subject,Value=CN=aKey=x509Issuer,Value=CN=b"),
            (Selector{"CN=a", "CN=b", ""}));
  // ",Value=" ends a key only once.
  EXPECT_EQ(parse_selector("Key=x509Subject,Value=CN=a,Value=b"),
            (Selector{"CN=a,Value=b", "", ""}));
}

TEST_F(SelectorForms, Files) {
  const std::string all = R"([{"Key": "x509Subject", "Value": "CN=Key=x, O=\"a\""},
      {"key": "x509Issuer", "VALUE": "CN=\u00e4", "Note": 1}, {"Key": "x509Serial", "Value": "0a"}])";
  EXPECT_EQ(parse_selector(file(all)), (Selector{"CN=Key=x, O=\"a\"", "CN=\xC3\xA4", "A"}));
  EXPECT_EQ(parse_selector(file("[]")), Selector{});
}

TEST_F(SelectorForms, SerialsHaveOneForm) {
  const auto parsed = [](const std::string& text) {
    return parse_selector("Key=x509Serial,Value=" + text).serial;
  };
  EXPECT_EQ(parsed("00abCD"), "ABCD");
  EXPECT_EQ(parsed("0"), "0");
  EXPECT_EQ(parsed("000"), "0");
  EXPECT_EQ(parsed("-0"), "0");
  EXPECT_EQ(parsed("-00f"), "-F");
  EXPECT_EQ(parsed(std::string(400, 'f')), std::string(400, 'F'));
  EXPECT_EQ(parsed("2a:00:05:39"), "2A000539");
  EXPECT_EQ(parsed("0a:00:05"), "A0005");
  EXPECT_EQ(parsed("a:00:05"), "A0005");
  EXPECT_EQ(parsed("15 d1 96"), "15D196");
  EXPECT_EQ(parsed("0x2A00"), "2A00");
  for (const char* wrong : {"0x", "1:2", "g", "-", "--1", "+1", "1 2", "1,Value=2", "12:", ":12",
                            "12::34", "1:234", "12-34"})
    EXPECT_THAT(refusal("Key=x509Serial,Value=" + std::string(wrong)), HasSubstr("not hex"));
}

TEST_F(SelectorForms, WrongText) {
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal(" \n"), HasSubstr("empty"));
  EXPECT_THAT(refusal("laksdjadf"), HasSubstr("does not start with Key="));
  EXPECT_THAT(refusal("asdf Key=x509Subject,Value=CN=a"), HasSubstr("does not start with Key="));
  EXPECT_THAT(refusal("key=x509Subject,Value=CN=a"), HasSubstr("does not start with Key="));
  EXPECT_THAT(refusal("Key=x509Subject"), HasSubstr(",Value="));
  EXPECT_THAT(refusal("Key=x509Subject,Valalsd"), HasSubstr(",Value="));
  EXPECT_THAT(refusal("Key=x509Subject Value=CN=a"), HasSubstr(",Value="));
  EXPECT_THAT(refusal("Key=x509Subject,Value=CN=a Key="), HasSubstr(",Value="));
  EXPECT_THAT(refusal("Key=x509,Value=CN=a"), HasSubstr("no key \"x509\""));
  EXPECT_THAT(refusal("Key=X509Subject,Value=CN=a"), HasSubstr("no key"));
  EXPECT_THAT(refusal("Key= x509Subject,Value=CN=a"), HasSubstr("no key"));
  EXPECT_THAT(refusal("Key=,Value=CN=a"), HasSubstr("no key"));
  EXPECT_THAT(refusal("Key=x509Subject,Value="), HasSubstr("is empty"));
  EXPECT_THAT(refusal("Key=x509Subject,Value=  Key=x509Issuer,Value=CN=b"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("Key=x509Subject,Value=CN=a Key=x509Subject,Value=CN=a"), HasSubstr("twice"));
  EXPECT_THAT(refusal("Key=x509Serial,Value=0 Key=x509Serial,Value=0"), HasSubstr("twice"));
}

TEST_F(SelectorForms, NamesMustBeRfc2253) {
  for (const char* wrong : {"app", "/CN=app/O=x", "=app", "C N=app", "-x=a", "C_N=app"})
    EXPECT_THAT(refusal("Key=x509Subject,Value=" + std::string(wrong)), HasSubstr("RFC 2253"));
  for (const char* right : {"CN=", "CN =a", "2.5.4.3=#0c0161", "x-y=1", "emailAddress=a@b"})
    EXPECT_EQ(parse_selector("Key=x509Issuer,Value=" + std::string(right)).issuer, right);
}

TEST_F(SelectorForms, WrongFiles) {
  EXPECT_THAT(refusal("file://"), HasSubstr("names no file"));
  EXPECT_THAT(refusal("file:///nonexistent/selector.json"), HasSubstr("cannot open selector file"));
  EXPECT_THAT(refusal(file("Key=x509Subject,Value=CN=a")), HasSubstr("not JSON"));
  EXPECT_THAT(refusal(file("[] []")), HasSubstr("not JSON"));
  EXPECT_THAT(refusal(file("{\"Key\": \"x509Subject\", \"Value\": \"CN=a\"}")), HasSubstr("list"));
  EXPECT_THAT(refusal(file("null")), HasSubstr("list"));
  for (const char* entry : {"1", "[]", "{}", "null", R"({"Key": "x509Subject"})",
                            R"({"Value": "CN=a"})", R"({"Key": "x509Serial", "Value": 12})"}) {
    EXPECT_THAT(refusal(file("[" + std::string(entry) + "]")), HasSubstr("entry 1")) << entry;
  }
  EXPECT_THAT(refusal(file(R"([{"Key": "x", "Value": "y"}])")), HasSubstr("no key"));
  EXPECT_THAT(refusal(file(R"([{"Key": "x509Subject", "Value": ""}])")), HasSubstr("is empty"));
  EXPECT_THAT(refusal(file(R"([{"Key": "x509Serial", "Value": "1"},
                               {"Key": "x509Serial", "Value": "1"}])")),
              HasSubstr("twice"));
}

// Whatever a selector holds, as text (where it can) and as a file it reads as itself.
TEST_F(SelectorForms, BothFormsSayTheSame) {
  std::mt19937 random(1);
  const auto pick = [&random](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  const std::vector<std::string> parts = {"a",   " ",        ",",       "=",         ",Value",
                                          "Key", "\"",       "\\,",     "#",         "+",
                                          "CN=", "\xC3\xA4", ",Value=", "x509Issuer"};
  for (int i = 0; i < 500; ++i) {
    std::vector<std::pair<std::string, std::string>> entries;
    Selector expected;
    for (auto [key, member] :
         {std::pair("x509Subject", &expected.subject), std::pair("x509Issuer", &expected.issuer)}) {
      if (pick(4) == 0) continue;
      *member = "CN=";
      for (std::size_t n = pick(8); n > 0; --n)
        *member += parts[pick(parts.size())];
      if (member->find("Key=") != std::string::npos) member->assign("CN=replaced");
      *member += "z";
      entries.emplace_back(key, *member);
    }
    if (entries.empty() || pick(2) == 0) {
      expected.serial = "F" + std::to_string(pick(1000000));
      entries.emplace_back("x509Serial", expected.serial);
    }
    std::shuffle(entries.begin(), entries.end(), random);
    std::string text;
    auto list = nlohmann::json::array();
    for (const auto& [key, value] : entries) {
      text += std::string(pick(3), ' ') + "Key=" + key + ",Value=" + value + " \t";
      list.push_back({{"Key", key}, {"Value", value}});
    }
    EXPECT_EQ(parse_selector(text), expected) << text;
    EXPECT_EQ(parse_selector(file(list.dump())), expected) << text;
  }
}

TEST_F(SelectorForms, AnythingElseIsAnError) {
  std::mt19937 random(2);
  const std::vector<std::string> parts = {"Key=", ",Value=", "x509Subject", "x509Serial", " ",
                                          "CN=",  "12",      "\xff",        "\n",         "\"",
                                          "[",    "{",       "file://"};
  std::size_t accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (std::size_t n = random() % 8; n > 0; --n)
      text += parts[random() % parts.size()];
    try {
      const Selector selector = parse_selector(text);
      EXPECT_FALSE(selector == Selector{}) << text;
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
    }
  }
  EXPECT_LT(accepted, 300U);
}

}  // namespace
}  // namespace rolecall::identity

#include "aws_files/config_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ConfigSection, IsFoundAsTheAwsCliFindsIt) {
  EXPECT_EQ(config_section("f", "", "a"), "profile a");
  EXPECT_EQ(config_section("f", "", "default"), "default");
  for (const char* header : {"profile a", "profile \"a\"", "profile 'a'", "profile  \ta "}) {
    const std::string file = "[b]\n[" + std::string(header) + "]\nx = 1\n";
    EXPECT_EQ(config_section("f", file, "a"), header);
  }
  EXPECT_EQ(config_section("f", "[profile default]\n", "default"), "profile default");
  // None of these is profile a.
  for (const char* header : {"a", " profile a", "Profile a", "profilea", "profile ab", "profile"}) {
    EXPECT_EQ(config_section("f", "[" + std::string(header) + "]\n", "a"), "profile a") << header;
  }
}

TEST(ConfigSection, RefusesTwoOfTheSameProfile) {
  for (const char* file :
       {"[profile a]\n[x]\n[profile \"a\"]\n", "[profile a]\n[x]\n[profile a]\n"}) {
    try {
      config_section("f", file, "a");
      ADD_FAILURE() << file;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_STREQ(error.what(), "f has profile a twice, in line 1 and in line 3");
    }
  }
  EXPECT_THROW(config_section("f", "[default]\n[profile default]\n", "default"), Error);
}

TEST(ConfigProfileName, TakesWhatEverySdkTakes) {
  for (const char* name : {"a", "default", "A-b_c.d/e@f%g:h+1"})
    EXPECT_NO_THROW(check_config_profile_name(name)) << name;
  for (const char* name : {"", "a b", "a]", "\"a\"", "a#", "DEFAULT", "\xC3\xA9", "a\n", "-x"})
    EXPECT_THROW(check_config_profile_name(name), Error) << name;
}

std::vector<std::string> preceding(std::string_view config, std::string_view credentials) {
  return settings_that_precede({"a", "/c", config, "/k", credentials});
}

TEST(SettingsThatPrecede, NameTheSettingItsFileAndItsLine) {
  const std::string config = "[profile a]\ncredential_process = x\nregion = r\n";
  EXPECT_THAT(preceding(config, "[a]\nregion = r\n[b]\naws_access_key_id = K\n"), IsEmpty());
  EXPECT_THAT(preceding("[a]\nrole_arn = x\n" + config, "[profile a]\naws_access_key_id = K\n"),
              IsEmpty());
  EXPECT_THAT(
      preceding(config, "[a]\naws_access_key_id = K\naws_secret_access_key = SECRET\n"),
      ElementsAre(AllOf(HasSubstr("aws_access_key_id of [a] in credentials file /k, line 2"),
                        HasSubstr("`remove-static-keys`"))));
  EXPECT_THAT(preceding(config, "[a]\ncredential_process = y\n"),
              ElementsAre(HasSubstr("credential_process of [a] in credentials file /k, line 2")));
  EXPECT_THAT(preceding(config + "aws_access_key_id = K\n", ""),
              ElementsAre(HasSubstr("of [profile a] in AWS config file /c, line 4")));
  for (const char* key : {"role_arn", "web_identity_token_file", "sso_session", "login_session"}) {
    const std::string line = std::string(key) + " = x\n";
    EXPECT_THAT(preceding(config + line, ""),
                ElementsAre(HasSubstr(key + std::string(" of [profile a] in AWS config file"))));
    EXPECT_THAT(preceding(config, "[a]\n" + line),
                ElementsAre(HasSubstr(key + std::string(" of [a] in credentials file"))));
  }
  EXPECT_THAT(preceding(config + "sso_region = x\nsso_account_id = 1\n", ""),
              ElementsAre(HasSubstr("all of sso_*")));
}

TEST(StaticKeys, AreFoundInTheFirstSectionOfThatName) {
  EXPECT_THAT(static_keys("[a]\nAWS_ACCESS_KEY_ID=K\naws_session_token=T\n[b]\n"
                          "aws_secret_access_key=S\n",
                          "a"),
              ElementsAre("aws_access_key_id", "aws_session_token"));
  EXPECT_THAT(static_keys("[b]\naws_access_key_id=K\n", "a"), IsEmpty());
}

TEST(CredentialSettings, OneAFile) {
  const auto found = [](std::string_view config, std::string_view credentials) {
    return credential_settings({"default", "/c", config, "/k", credentials});
  };
  EXPECT_THAT(found("[default]\nregion = r\n[profile a]\nsso_session = s\n",
                    "[a]\naws_access_key_id = K\n"),
              IsEmpty());
  EXPECT_THAT(
      found("[default]\ncredential_process = x\nsso_session = s\n",
            "[default]\naws_access_key_id = K\naws_secret_access_key = S\n"),
      ElementsAre(AllOf(HasSubstr("aws_access_key_id of [default]"), HasSubstr("/k, line 2")),
                  AllOf(HasSubstr("credential_process of [default]"), HasSubstr("line 2"))));
  for (const char* key : {"aws_access_key_id", "credential_process", "role_arn",
                          "web_identity_token_file", "sso_account_id", "login_session"}) {
    const std::string text = "[default]\n" + std::string(key) + " = x\n";
    EXPECT_THAT(found(text, ""), ElementsAre(HasSubstr(key + std::string(" of [default]"))));
    EXPECT_THAT(found("", text), ElementsAre(HasSubstr(key + std::string(" of [default]"))));
  }
  // These settings matter only together with role_arn.
  EXPECT_THAT(found("[default]\nsource_profile = a\ncredential_source = Environment\n", ""),
              IsEmpty());
}

TEST(CredentialSettings, ThoseOfDefaultAreInEverySectionOfTheFile) {
  const std::string all = "[DEFAULT]\naws_access_key_id = K\naws_secret_access_key = S\n";
  EXPECT_THAT(credential_settings({"a", "/c", "[profile a]\nregion = r\n", "/k", all}), IsEmpty());
  EXPECT_THAT(
      credential_settings({"a", "/c", "", "/k", all + "[a]\nregion = r\n"}),
      ElementsAre(HasSubstr("aws_access_key_id of [DEFAULT] in credentials file /k, line 2")));
  EXPECT_THAT(preceding("[profile a]\ncredential_process = x\n", all + "[a]\n"),
              ElementsAre(AllOf(HasSubstr("of [DEFAULT]"), HasSubstr("remove it"))));
}

}  // namespace
}  // namespace rolecall::aws

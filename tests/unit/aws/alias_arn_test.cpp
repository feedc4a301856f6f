#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/arn.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

using testing::HasSubstr;

const std::string head = "arn:aws:rolesanywhere:us-east-1:123456789012:alias/";

std::vector<std::string> good_names() {
  return {
      "a", "Z", "aws", "awsx/y", "my-CA_1", "teams/build/prod", "a/1/-/_", std::string(256, 'x')};
}

std::vector<std::string> bad_names() {
  return {"",     "1a",    "-a",       "_a",     "/a",  "a/",
          "a//b", "aws/x", "AWS/x",    "aWs/x",  "a b", "a.b",
          "a:b",  "a+b",   "\xc3\xa4", "a/b//c", "a@b", std::string(257, 'x')};
}

TEST(AliasArn, StandsForTrustAnchorAndProfile) {
  for (const std::string& name : good_names()) {
    EXPECT_EQ(parse_trust_anchor_arn(head + "trust-anchor/" + name).resource,
              "alias/trust-anchor/" + name);
    EXPECT_EQ(parse_profile_arn(head + "profile/" + name).region, "us-east-1");
  }
}

TEST(AliasArn, RefusesNamesThatTheServiceDoesNotAllow) {
  for (const std::string& name : bad_names()) {
    EXPECT_THROW(parse_trust_anchor_arn(head + "trust-anchor/" + name), Error) << name;
    EXPECT_THROW(parse_profile_arn(head + "profile/" + name), Error) << name;
  }
  for (const char* kind : {"", "role/", "crl/", "Profile/", "trust-anchors/"}) {
    EXPECT_THROW(parse_profile_arn(head + kind + "x"), Error) << kind;
  }
}

TEST(AliasArn, IsNoRole) {
  EXPECT_THROW(parse_role_arn(head + "profile/x"), Error);
  EXPECT_THROW(parse_role_arn("arn:aws:iam::123456789012:alias/role/x"), Error);
}

TEST(AliasArn, SaysWhichOptionTheArnIsFor) {
  try {
    parse_profile_arn(head + "trust-anchor/x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is an ARN for `trust-anchor-arn`"));
  }
}

TEST(AliasArn, NoArnIsLongerThanTheServiceAllows) {
  std::string arn = head + "trust-anchor/x";
  std::string region(1011 - arn.size() + 9, 'r');
  arn.replace(arn.find("us-east-1"), 9, region);
  ASSERT_EQ(arn.size(), 1011U);
  EXPECT_NO_THROW(parse_trust_anchor_arn(arn));
  arn += "x";
  try {
    parse_trust_anchor_arn(arn);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("1012 characters"));
    EXPECT_LT(std::string(error.what()).size(), 200U);
  }
}

std::string refusal_of(const std::string& role) {
  try {
    parse_role_arn(role);
    return "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
}

TEST(Arn, SaysWhichStrayCharacterStandsWhere) {
  const std::string role = "arn:aws:iam::123456789012:role/demo";
  EXPECT_THAT(refusal_of(" " + role), HasSubstr("has a space at its beginning"));
  EXPECT_THAT(refusal_of(role + " "), HasSubstr("has a space at its end"));
  EXPECT_THAT(refusal_of(role + "\r\n"), HasSubstr("has a carriage return at its end"));
  EXPECT_THAT(refusal_of(role + "\t"), HasSubstr("has a tab at its end"));
  EXPECT_THAT(refusal_of("\"" + role + "\""),
              HasSubstr("has a quotation mark (\") at its beginning"));
  EXPECT_THAT(refusal_of(role + "'"), HasSubstr("has a quotation mark (') at its end"));
  EXPECT_THAT(refusal_of("\u201c" + role + "\u201d"), HasSubstr("curly quotation mark at its beg"));
  EXPECT_THAT(refusal_of(role + "\u2019"), HasSubstr("a curly quotation mark at its end"));
  EXPECT_THAT(refusal_of("arn:aws:iam:: 123456789012:role/demo"),
              HasSubstr("has a space after \"arn:aws:iam::\""));
  EXPECT_THAT(refusal_of(role + "\u00a0x"), HasSubstr("a no-break space after"));
  EXPECT_EQ(refusal_of("arn:aws:iam::123456789012:role/it's/\"x\"/demo"), "taken");
}

TEST(Arn, PartitionsNeedNotBeKnown) {
  EXPECT_EQ(parse_role_arn("arn:aws-eusc:iam::123456789012:role/demo").partition, "aws-eusc");
  EXPECT_EQ(parse_role_arn("arn:moon:iam::123456789012:role/demo").partition, "moon");
  EXPECT_THROW(parse_role_arn("arn::iam::123456789012:role/demo"), Error);
}

}  // namespace
}  // namespace rolecall::aws

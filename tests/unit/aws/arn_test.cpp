#include "aws/arn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

constexpr const char* role = "arn:aws:iam::123456789012:role/teams/build+deploy/app=1,b@c_d-e";
constexpr const char* profile_arn =
    "arn:aws-cn:rolesanywhere:cn-north-1:123456789012:profile/11111111-1111-1111-1111-111111111111";
constexpr const char* anchor =
    "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/2222-2222";

TEST(Arn, ReadsItsParts) {
  const Arn arn = parse_role_arn(role);
  EXPECT_EQ(arn.partition, "aws");
  EXPECT_EQ(arn.region, "");
  EXPECT_EQ(arn.account, "123456789012");
  EXPECT_EQ(arn.resource, "role/teams/build+deploy/app=1,b@c_d-e");
  EXPECT_EQ(parse_profile_arn(profile_arn).partition, "aws-cn");
  EXPECT_EQ(parse_trust_anchor_arn(anchor).region, "us-east-1");
}

TEST(Arn, SaysWhichOptionTheArnIsFor) {
  try {
    parse_profile_arn(anchor);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("is an ARN for `trust-anchor-arn`"));
  }
}

TEST(Arn, RefusesMalformedOnes) {
  for (const char* text :
       {"", "arn", "role/demo", "arn:aws:iam::123456789012", "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/path/", "arn:aws:iam::12345:role/demo",
        "arn:aws:iam:us-east-1:123456789012:role/demo", "arn::iam::123456789012:role/demo",
        "arn:AWS:iam::123456789012:role/demo", "arn:aws:sts::123456789012:role/demo",
        "arn:aws:iam::123456789012:user/demo", " arn:aws:iam::123456789012:role/demo",
        "arn:aws:iam::123456789012:role/demo\n", "ARN:aws:iam::123456789012:role/demo"}) {
    EXPECT_THROW(parse_role_arn(text), Error) << text;
  }
  for (const char* text : {"arn:aws:rolesanywhere::123456789012:trust-anchor/1",
                           "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/a/b",
                           "arn:aws:rolesanywhere:us_east:123456789012:trust-anchor/1"}) {
    EXPECT_THROW(parse_trust_anchor_arn(text), Error) << text;
  }
}

// After any change, a valid ARN either parses to its parts, or an Error says why it does not.
TEST(Arn, AnyChangeParsesOrIsRefused) {
  static constexpr std::string_view bytes = "a:/-A1 \n\x7f\xff";
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = role;
    for (auto changes = random() % 3 + 1; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = bytes[random() % bytes.size()];
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, bytes[random() % bytes.size()]);
      }
    }
    try {
      const Arn arn = parse_role_arn(text);
      EXPECT_EQ("arn:" + arn.partition + ":" + arn.service + ":" + arn.region + ":" + arn.account +
                    ":" + arn.resource,
                text);
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_FALSE(error.hint().empty());
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace rolecall::aws

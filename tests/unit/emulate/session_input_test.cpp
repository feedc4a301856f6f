#include "emulate/session_input.h"

#include <gtest/gtest.h>

#include "emulate/error_response.h"
#include "unit/emulate/support.h"

namespace rolecall::emulate {
namespace {

http::Request with_body(const std::string& body, const std::string& query = "") {
  http::Request request;
  request.body = body;
  request.query = query;
  return request;
}

std::string refusal_of(const http::Request& request) {
  try {
    read_session_input(request);
    return {};
  } catch (const ErrorResponse& error) {
    EXPECT_EQ(error.status(), 400);
    EXPECT_EQ(error.name(), "ValidationException");
    return error.what();
  }
}

std::string refusal_of(const test::SessionRecipe& recipe) {
  return refusal_of(with_body(recipe.body()));
}

TEST(SessionInput, ReadsTheBody) {
  test::SessionRecipe recipe;
  recipe.more = R"(,"durationSeconds":900,"roleSessionName":"ci+job=42,a@b-c.d_e","other":[1])";
  const SessionInput input = read_session_input(with_body(recipe.body()));
  EXPECT_EQ(input.role_arn, recipe.role_arn);
  EXPECT_EQ(input.profile_arn, recipe.profile_arn);
  EXPECT_EQ(input.trust_anchor_arn, recipe.anchor_arn);
  EXPECT_EQ(input.duration, std::chrono::seconds(900));
  EXPECT_EQ(input.role_session_name, "ci+job=42,a@b-c.d_e");
  EXPECT_EQ(input.partition, "aws");
  EXPECT_EQ(input.region, "us-east-1");
  EXPECT_EQ(input.role_account, "123456789012");
  EXPECT_EQ(input.role_name, "demo");
}

TEST(SessionInput, ReadsTheQuery) {
  const std::string query =
      "profileArn=arn%3Aaws%3Arolesanywhere%3Aus-east-1%3A123456789012%3Aprofile%2F1&roleArn=arn%3A"
      "aws%3Aiam%3A%3A123456789012%3Arole%2Fteams%2Fbuild%2Bdeploy%2Fapp%3D1%2Cb%40c_d-e&"
      "trustAnchorArn=arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/2";
  const SessionInput input = read_session_input(with_body(R"({"durationSeconds":43200})", query));
  EXPECT_EQ(input.role_arn, "arn:aws:iam::123456789012:role/teams/build+deploy/app=1,b@c_d-e");
  EXPECT_EQ(input.role_name, "app=1,b@c_d-e");
  EXPECT_EQ(input.duration, std::chrono::seconds(43200));
  EXPECT_EQ(read_session_input(with_body("", query)).duration, std::chrono::seconds(3600));
  EXPECT_EQ(read_session_input(with_body("", query + "&durationSeconds=901")).duration,
            std::chrono::seconds(901));
  EXPECT_NE(refusal_of(with_body("", query + "&durationSeconds=901x")), "");
}

TEST(SessionInput, TakesEveryPartition) {
  for (const auto& [partition, region] :
       {std::pair("aws", "ap-southeast-2"), std::pair("aws-cn", "cn-north-1"),
        std::pair("aws-us-gov", "us-gov-west-1"), std::pair("aws-iso", "us-iso-east-1"),
        std::pair("aws-iso-b", "us-isob-east-1"), std::pair("aws-iso-e", "eu-isoe-west-1"),
        std::pair("aws-iso-f", "us-isof-south-1"), std::pair("aws-eusc", "eusc-de-east-1"),
        std::pair("aws-moon", "moon-far-1"), std::pair("aws-moon", "us-east-1")}) {
    test::SessionRecipe recipe;
    for (std::string* arn : {&recipe.anchor_arn, &recipe.profile_arn}) {
      test::replace(*arn, "arn:aws:", std::string("arn:") + partition + ":");
      test::replace(*arn, "us-east-1", region);
    }
    test::replace(recipe.role_arn, "arn:aws:", std::string("arn:") + partition + ":");
    EXPECT_EQ(refusal_of(recipe), "") << partition;
  }
}

TEST(SessionInput, RefusesArnsThatDoNotAgree) {
  test::SessionRecipe region;
  test::replace(region.profile_arn, "us-east-1", "us-east-2");
  EXPECT_NE(refusal_of(region).find("regions"), std::string::npos);
  test::SessionRecipe partition;
  test::replace(partition.role_arn, "arn:aws:", "arn:aws-cn:");
  EXPECT_NE(refusal_of(partition).find("partitions"), std::string::npos);
  test::SessionRecipe profile_partition;
  test::replace(profile_partition.profile_arn, "arn:aws:", "arn:aws-cn:");
  EXPECT_NE(refusal_of(profile_partition).find("partitions"), std::string::npos);
  test::SessionRecipe both;
  test::replace(both.anchor_arn, "us-east-1", "cn-north-1");
  test::replace(both.profile_arn, "us-east-1", "cn-north-1");
  EXPECT_NE(refusal_of(both).find("the partition and the region"), std::string::npos);
}

TEST(SessionInput, RefusesIllFormedArns) {
  for (const char* bad : {"", "x", "arn:aws:rolesanywhere:us-east-1:123456789012:profile/1",
                          "arn:aws:rolesanywhere:us-east-1:12345678901:trust-anchor/1",
                          "arn:aws:rolesanywhere:us-east-1:12345678901a:trust-anchor/1",
                          "arn:aws:rolesanywhere::123456789012:trust-anchor/1",
                          "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/",
                          "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1/2",
                          "arn:aws:iam:us-east-1:123456789012:trust-anchor/1",
                          "arn::rolesanywhere:us-east-1:123456789012:trust-anchor/1",
                          "aws:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1",
                          "arn:aws:rolesanywhere:us east:123456789012:trust-anchor/1"}) {
    test::SessionRecipe recipe;
    recipe.anchor_arn = bad;
    EXPECT_NE(refusal_of(recipe).find("trustAnchorArn"), std::string::npos) << bad;
  }
  const std::string long_name(65, 'a');
  for (const std::string& bad :
       {std::string("arn:aws:iam:us-east-1:123456789012:role/x"),
        std::string("arn:aws:iam::123456789012:role/"), std::string("arn:aws:iam::123456789012:x"),
        std::string("arn:aws:iam::123456789012:user/x"),
        std::string("arn:aws:iam::123456789012:role/a b"),
        std::string("arn:aws:iam::123456789012:role/path/"),
        std::string("arn:aws:iam::123456789012:role/a:b"),
        "arn:aws:iam::123456789012:role/" + long_name}) {
    test::SessionRecipe recipe;
    recipe.role_arn = bad;
    EXPECT_NE(refusal_of(recipe).find("roleArn"), std::string::npos) << bad;
    EXPECT_FALSE(is_role_arn(bad)) << bad;
  }
  EXPECT_TRUE(is_role_arn("arn:aws:iam::123456789012:role/" + long_name.substr(1)));
}

TEST(SessionInput, RefusesOtherMistakes) {
  for (const char* body : {"", "[]", "{", "null", "{}", "\xff"}) {
    EXPECT_NE(refusal_of(with_body(body)), "") << body;
  }
  for (const char* more :
       {R"(,"durationSeconds":899)", R"(,"durationSeconds":43201)", R"(,"durationSeconds":"900")",
        R"(,"durationSeconds":900.5)", R"(,"durationSeconds":-1)",
        R"(,"durationSeconds":99999999999999999999)", R"(,"roleSessionName":"x")",
        R"(,"roleSessionName":"")", R"(,"roleSessionName":"a b")", R"(,"roleSessionName":7)",
        R"(,"roleArn":7)"}) {
    test::SessionRecipe recipe;
    recipe.more = more;
    EXPECT_NE(refusal_of(recipe), "") << more;
  }
  test::SessionRecipe long_name;
  long_name.more = R"(,"roleSessionName":")" + std::string(65, 'a') + "\"";
  EXPECT_NE(refusal_of(long_name), "");
  test::SessionRecipe nulls;
  nulls.more = R"(,"durationSeconds":null,"roleSessionName":null)";
  EXPECT_EQ(refusal_of(nulls), "");
}

}  // namespace
}  // namespace rolecall::emulate

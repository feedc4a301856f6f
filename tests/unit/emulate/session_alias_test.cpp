#include <gtest/gtest.h>

#include "emulate/error_response.h"
#include "emulate/session_input.h"
#include "unit/emulate/support.h"

namespace rolecall::emulate {
namespace {

const std::string head = "arn:aws:rolesanywhere:us-east-1:123456789012:alias/";

std::string alias_refusal(const test::SessionRecipe& recipe) {
  http::Request request;
  request.body = recipe.body();
  try {
    read_session_input(request);
    return {};
  } catch (const ErrorResponse& error) {
    EXPECT_EQ(error.status(), 400);
    return error.what();
  }
}

TEST(SessionAlias, StandsInBodyAndQuery) {
  test::SessionRecipe recipe;
  recipe.anchor_arn = head + "trust-anchor/teams/My-CA_1";
  recipe.profile_arn = head + "profile/aws";
  EXPECT_EQ(alias_refusal(recipe), "");

  http::Request request;
  request.query =
      "profileArn=arn%3Aaws%3Arolesanywhere%3Aus-east-1%3A123456789012%3Aalias%2Fprofile%2Fa%2Fb&"
      "roleArn=arn:aws:iam::123456789012:role/demo&"
      "trustAnchorArn=arn:aws:rolesanywhere:us-east-1:123456789012:alias/trust-anchor/x";
  const SessionInput input = read_session_input(request);
  EXPECT_EQ(input.profile_arn, head + "profile/a/b");
  EXPECT_EQ(input.anchor_account, "123456789012");
}

TEST(SessionAlias, RefusesNamesThatTheServiceDoesNotAllow) {
  for (const std::string& name :
       {std::string(), std::string("1a"), std::string("-a"), std::string("a/"), std::string("/a"),
        std::string("a//b"), std::string("aws/x"), std::string("AwS/x"), std::string("a b"),
        std::string("a.b"), std::string(257, 'x')}) {
    test::SessionRecipe recipe;
    recipe.anchor_arn = head + "trust-anchor/" + name;
    EXPECT_NE(alias_refusal(recipe).find("trustAnchorArn"), std::string::npos) << name;
    recipe = test::SessionRecipe();
    recipe.profile_arn = head + "profile/" + name;
    EXPECT_NE(alias_refusal(recipe).find("profileArn"), std::string::npos) << name;
  }
  test::SessionRecipe swapped;
  swapped.profile_arn = head + "trust-anchor/x";
  EXPECT_NE(alias_refusal(swapped), "");
  test::SessionRecipe longest;
  longest.profile_arn = head + "profile/" + std::string(256, 'x');
  EXPECT_EQ(alias_refusal(longest), "");
}

}  // namespace
}  // namespace rolecall::emulate

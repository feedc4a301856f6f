#include "emulate/session_tags.h"

#include <gtest/gtest.h>

#include "emulate/error_response.h"
#include "unit/emulate/support.h"

namespace rolecall::emulate {
namespace {

using test::Entity;
using test::make;
using test::Recipe;

// What the refusal says of the attributes; empty where there is none.
std::string unfit(const std::string& leaf, const std::string& ca, const std::string& san = "") {
  const Entity issuer = test::make_ca(ca);
  Recipe recipe;
  recipe.name = leaf;
  const Entity entity = make(recipe.with(NID_subject_alt_name, san), &issuer);
  try {
    session_tags(entity.get(), "ARN");
    return {};
  } catch (const ErrorResponse& error) {
    EXPECT_EQ(error.name(), "AccessDeniedException");
    const std::string text = error.what();
    const std::string start =
        "Unable to assume role for ARN. Some attributes failed to be mapped into session tags. ";
    EXPECT_EQ(text.substr(0, start.size()), start);
    return text.substr(start.size());
  }
}

TEST(EmulatedSessionTags, AreTakenWhereStsTakesThem) {
  EXPECT_EQ(unfit("leaf", "The CA"), "");
  EXPECT_EQ(unfit("Jörg_1.a:b/c=d+e-f@g", "株式会社", "DNS:a.example,DNS:*.example,email:a&b@c"),
            "");
}

TEST(EmulatedSessionTags, AreNamedWhereItDoesNot) {
  EXPECT_EQ(unfit("leaf", "R & D"), "Issuer: [ CN ]; Subject: [  ]; SAN: [  ]");
  EXPECT_EQ(unfit("a (b)", "CA", "URI:u:1,DNS:*.example"),
            "Issuer: [  ]; Subject: [ CN ]; SAN: [ DNS ]");
  EXPECT_EQ(unfit("a", "CA", "URI:urn:a'b,DNS:x"), "Issuer: [  ]; Subject: [  ]; SAN: [ URI ]");
}

}  // namespace
}  // namespace rolecall::emulate

#include "identity/session_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support/certificates.h"

namespace rolecall::identity {
namespace {

using test::Entity;
using test::make;
using test::Recipe;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Certificate read_certificate(const Entity& entity) {
  return {test::der(entity.get()), "test"};
}

std::vector<std::string> as_text(const std::vector<SessionTag>& tags) {
  std::vector<std::string> text;
  for (const SessionTag& tag : tags)
    text.push_back(tag.key() + " = " + tag.value);
  return text;
}

std::string fault(const std::string& value) {
  return tag_fault({"x509Subject", "CN", value});
}

// A leaf with this SAN under a CA of this name.
std::string unfit(const std::string& leaf, const std::string& ca, const std::string& san = "") {
  const Entity issuer = test::make_ca(ca);
  Recipe recipe;
  recipe.name = leaf;
  return refused_tags(read_certificate(make(recipe.with(NID_subject_alt_name, san), &issuer)));
}

TEST(SessionTags, AreMadeAsTheDefaultMappingSays) {
  const Entity ca = test::make_ca("The CA");
  const Entity leaf = make(
      Recipe().with(NID_subject_alt_name,
                    "IP:10.0.0.1,email:a@b,DNS:one.example,DNS:*.example,URI:spiffe://a/b,URI:u:2"),
      &ca);
  EXPECT_THAT(as_text(session_tags(read_certificate(leaf))),
              ElementsAre("x509Subject/CN = leaf", "x509Issuer/CN = The CA",
                          "x509SAN/DNS = one.example", "x509SAN/URI = spiffe://a/b"));
}

TEST(SessionTags, SeveralValuesOfOneAttributeAreJoined) {
  const Entity entity = make({}, nullptr);
  X509_NAME* name = X509_get_subject_name(entity.get());
  for (const auto& [type, value] : {std::pair("OU", "one"),
                                    {"O", "house"},
                                    {"OU", "two"},
                                    {"1.2.3.4", "own"},
                                    {"emailAddress", "a@b"}}) {
    X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value), -1, -1, 0);
  }
  EXPECT_THAT(as_text(session_tags(read_certificate(entity))),
              ElementsAre("x509Subject/CN = leaf", "x509Subject/OU = one/two",
                          "x509Subject/O = house", "x509Subject/1.2.3.4 = own",
                          "x509Subject/emailAddress = a@b", "x509Issuer/CN = leaf"));
}

TEST(SessionTags, ValuesThatStsTakes) {
  for (const std::string good :
       {"", "app-1.example.org", "Jörg Müller", "日本 株式会社", "a_b.c:d/e=f+g-h@i", "x\xC2\xA0y"})
    EXPECT_EQ(fault(good), "") << good;
  EXPECT_EQ(fault("R & D"), "has \"&\"");
  EXPECT_EQ(fault("Smith (EMP1), \"J\""), "has \"(\", \")\", \",\", \"\"\"");
  EXPECT_EQ(fault("*.example.org"), "has \"*\"");
  EXPECT_EQ(fault("Re\xCC\x81my\n"), "has U+0301, U+000A");
  EXPECT_EQ(fault("a!#$%^&b"), "has \"!\", \"#\", \"$\", \"%\", \"^\" and others");
  EXPECT_EQ(fault(std::string(256, 'x')), "");
  EXPECT_EQ(fault(std::string(257, 'x')), "has 257 characters instead of at most 256");
  std::string umlauts;
  for (int i = 0; i < 256; ++i)
    umlauts += "ä";
  EXPECT_EQ(fault(umlauts), "");
}

TEST(SessionTags, WhatDoesNotFitIsNamedWithTheRemedy) {
  EXPECT_EQ(unfit("leaf", "CA", "DNS:a.example,DNS:*.example"), "");
  EXPECT_EQ(
      unfit("leaf", "Food & Drink"),
      "session tag x509Issuer/CN \"Food & Drink\" has \"&\", which STS does not allow in a session "
      "tag; "
      "use a certificate without such a value, or remove the mapping from the profile: "
      "aws rolesanywhere delete-attribute-mapping --profile-id ID --certificate-field "
      "x509Issuer --specifiers CN");
  EXPECT_THAT(
      unfit("a(1)", "CA!", "DNS:*.example"),
      AllOf(HasSubstr("x509Subject/CN \"a(1)\" has \"(\", \")\", x509Issuer/CN"),
            HasSubstr("x509SAN/DNS \"*.example\""), HasSubstr("x509Subject --specifiers CN; aws"),
            HasSubstr("x509SAN --specifiers DNS")));
}

}  // namespace
}  // namespace rolecall::identity

#include "terminal/origins.h"

#include <gtest/gtest.h>

namespace rolecall::cli {
namespace {

// Origins are those of the process, so each test has flags and values of its own.

TEST(Origins, OfAFlagThatIsNamed) {
  remember_origin("named-flag", {}, "environment variable N");
  EXPECT_EQ(origins_in("--named-flag takes seconds"),
            "; --named-flag comes from environment variable N");
  EXPECT_EQ(origins_in("--named-flags, named-flag and --named-flag-x are others"), "");
}

TEST(Origins, OfAValueThatIsRepeated) {
  remember_origin("path", {"/etc/pki/leaf.pem"}, "configuration file c, line 2");
  const std::string more = "; --path comes from configuration file c, line 2";
  EXPECT_EQ(origins_in("cannot open /etc/pki/leaf.pem: No such file"), more);
  EXPECT_EQ(origins_in("\"/etc/pki/leaf.pem\" is empty"), more);
  EXPECT_EQ(origins_in("it is in /etc/pki/leaf.pem."), more);
  EXPECT_EQ(origins_in("/etc/pki/leaf.pem.bak and /x/etc/pki/leaf.pem"), "");
  EXPECT_EQ(origins_in("/etc/pki/leaf.pem-old"), "");
}

TEST(Origins, OfNoValueThatStandsAnywhere) {
  remember_origin("number", {"3600", "true", "at", ""}, "environment variable M");
  EXPECT_EQ(origins_in("3600 is true at last"), "");
}

TEST(Origins, NotOfARegionWithinAnArn) {
  remember_origin("where", {"mars-north-1"}, "environment variable W");
  EXPECT_EQ(origins_in("arn:aws:rolesanywhere:mars-north-1:123456789012:profile/x"), "");
  EXPECT_NE(origins_in("the region mars-north-1 is not another's"), "");
}

TEST(Origins, NotWhereTheMessageSaysIt) {
  remember_origin("said", {}, "environment variable S");
  EXPECT_EQ(origins_in("environment variable S: --said takes a number"), "");
}

TEST(Origins, OfSeveralBindingsTheOneWhoseValueItIs) {
  remember_origin("of-both", {"first.pem"}, "line 1");
  remember_origin("of-both", {"second.pem"}, "line 2");
  EXPECT_EQ(origins_in("--of-both second.pem is empty"), "; --of-both comes from line 2");
  EXPECT_EQ(origins_in("--of-both is empty"),
            "; --of-both comes from line 1; --of-both comes from line 2");
}

}  // namespace
}  // namespace rolecall::cli

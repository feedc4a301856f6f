#include "options/session_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/user.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

TEST(SessionName, ReplacesPlaceholders) {
  EXPECT_EQ(expand_session_name(""), "");
  EXPECT_EQ(expand_session_name("web-1"), "web-1");
  EXPECT_EQ(expand_session_name("%%h100%%"), "%h100%");
  EXPECT_EQ(expand_session_name("%u@%h"), name_of_user() + "@" + host_name());
}

TEST(SessionName, RefusesOtherPlaceholders) {
  for (const std::string text : {"%", "web-%", "%H", "%i", "%%%", "% h", "100%-x", "%\n"}) {
    try {
      expand_session_name(text);
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_THAT(error.what(), testing::StartsWith("`role-session-name` has \"%")) << text;
      EXPECT_THAT(error.hint(), testing::HasSubstr("%h is the name of this host"));
    }
  }
}

}  // namespace
}  // namespace rolecall::cli

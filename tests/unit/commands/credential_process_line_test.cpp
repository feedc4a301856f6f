#include "commands/credential_process_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

TEST(CredentialProcessLine, QuotesWhatNeedsIt) {
  EXPECT_EQ(credential_process_line("/usr/bin/rolecall", {}),
            "/usr/bin/rolecall credential-process");
  EXPECT_EQ(credential_process_line("/r", {{"--binding", "b"}, {"--cache"}}),
            "/r credential-process --binding b --cache");
  EXPECT_EQ(credential_process_line("/r", {{"--certificate", "/a;b"}, {"--endpoint", ""}}),
            "/r credential-process --certificate \"/a;b\" --endpoint \"\"");
}

TEST(CredentialProcessLine, DoesNotBothBeginAndEndWithAQuote) {
  EXPECT_EQ(credential_process_line("/a b/r", {{"--binding", "b"}, {"--certificate", "/c d"}}),
            "\"/a b/r\" credential-process --certificate \"/c d\" --binding b");
  EXPECT_THROW(credential_process_line("/a b/r", {{"--certificate", "/c d"}}), Error);
  EXPECT_EQ(credential_process_line("/a b/r", {}), "\"/a b/r\" credential-process");
}

TEST(CredentialProcessLine, RefusesAProgramThatCannotBeQuoted) {
  for (const char* path : {"/a$b", "/a\"b", "/a\\b", "/a`b", "/a#b", "/a ;b", "/a\nb", "/a\xFFz"})
    EXPECT_THROW(credential_process_line(path, {}), Error) << path;
}

}  // namespace
}  // namespace rolecall::cli

#include "terminal/similar.h"

#include <gtest/gtest.h>

namespace rolecall::cli {
namespace {

const std::vector<std::string> flags = {"--certificate", "--cert-selector",    "--private-key",
                                        "--role-arn",    "--session-duration", "--port"};

TEST(Similar, NamesWhatIsALetterOrTwoAway) {
  EXPECT_EQ(similar("--certifcate", flags), "did you mean --certificate?");
  EXPECT_EQ(similar("prot", {"port", "imds"}), "did you mean port?");
  EXPECT_EQ(similar("serv", {"serve", "exec"}), "did you mean serve?");
}

TEST(Similar, NamesWhatBeginsSo) {
  EXPECT_EQ(similar("--cert", flags), "did you mean --certificate or --cert-selector?");
  EXPECT_EQ(similar("--role", flags), "did you mean --role-arn?");
}

TEST(Similar, NamesWhatHasTheWord) {
  EXPECT_EQ(similar("--key", flags), "did you mean --private-key?");
  EXPECT_EQ(similar("--duration", flags), "did you mean --session-duration?");
}

TEST(Similar, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(similar("--x", flags), "");
  EXPECT_EQ(similar("--frobnicate", flags), "");
  EXPECT_EQ(similar("", flags), "");
  EXPECT_EQ(similar("----", flags), "");
  EXPECT_EQ(similar(std::string(10000, 'a'), flags), "");
}

}  // namespace
}  // namespace rolecall::cli

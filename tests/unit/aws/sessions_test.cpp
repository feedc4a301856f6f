#include "rolecall/session.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <fstream>

#include "unit/support/certificates.h"
#include "unit/support/scratch_directory.h"

namespace rolecall {
namespace {

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() {
    const auto today = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    test::Recipe recipe;
    recipe.name = "app";
    recipe.from = today - std::chrono::hours(1);
    recipe.until = today + std::chrono::hours(24);
    const test::Entity leaf = test::make(recipe, nullptr);
    write("leaf.pem", test::pem(leaf));
    write("key.pem", bio_text([&leaf](BIO* bio) {
            return PEM_write_bio_PKCS8PrivateKey(bio, leaf.key.get(), EVP_aes_256_cbc(), "word", 4,
                                                 nullptr, nullptr);
          }));
    identity_.certificate = directory_ / "leaf.pem";
    identity_.private_key = directory_ / "key.pem";
    identity_.password = [this](const PasswordRequest&) {
      ++asked_;
      return Secret("word");
    };
    session_.role_arn = "arn:aws:iam::123456789012:role/app";
    session_.profile_arn = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/1";
    session_.trust_anchor_arn = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/1";
    session_.endpoint = "http://127.0.0.1:1";  // nothing listens there
    session_.timeout = std::chrono::milliseconds(300);
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    chmod((directory_ / name).c_str(), 0600);
  }

  static ErrorKind kind_of_failure(Sessions& sessions) {
    try {
      sessions.create();
    } catch (const Error& error) {
      return error.kind();
    }
    return {};
  }

  ScratchDirectory directory_;
  IdentityOptions identity_;
  SessionOptions session_;
  int asked_ = 0;
};

TEST_F(SessionsTest, AnOutageAsksForNoPasswordAgain) {
  Sessions sessions(identity_, session_);
  EXPECT_EQ(asked_, 0);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(kind_of_failure(sessions), ErrorKind::try_later);
  EXPECT_EQ(asked_, 1);
}

TEST_F(SessionsTest, NewFilesAreRead) {
  Sessions sessions(identity_, session_);
  EXPECT_EQ(kind_of_failure(sessions), ErrorKind::try_later);
  std::ofstream(directory_ / "key.pem", std::ios::app) << "\n";
  EXPECT_EQ(kind_of_failure(sessions), ErrorKind::try_later);
  EXPECT_EQ(asked_, 2);
}

TEST_F(SessionsTest, FilesThatCannotBeUsedLeaveTheIdentityInUse) {
  std::string warned;
  Reporter reporter;
  reporter.warn = [&warned](std::string_view text) { warned += text; };
  Sessions sessions(identity_, session_, reporter);
  EXPECT_EQ(kind_of_failure(sessions), ErrorKind::try_later);
  write("key.pem", "no key");
  EXPECT_EQ(kind_of_failure(sessions), ErrorKind::try_later);
  EXPECT_NE(warned.find("rolecall continues with the previous ones"), std::string::npos) << warned;
}

TEST_F(SessionsTest, OptionsAreCheckedAtOnce) {
  session_.role_arn = "oops";
  try {
    const Sessions sessions(identity_, session_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.option(), "role-arn");
  }
}

}  // namespace
}  // namespace rolecall

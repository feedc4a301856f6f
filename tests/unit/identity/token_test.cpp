// A program that runs for long and keeps its signer, or loads it again and again, with a token that
// fails in between: SoftHSM behind faulty_module.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "identity/identity.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

using testing::HasSubstr;

class TokenTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "rolecall-token-XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    faults_ = directory_ + "/faults";
    setenv("FAULTS", faults_.c_str(), 1);
    setenv("SOFTHSM2_CONF", (directory_ + "/softhsm2.conf").c_str(), 1);
    const std::string script = "bash -c '. " ROLECALL_TESTS_DIR "/support/softhsm-tokens && " +
                               ("softhsm_start " + directory_) +
                               " && token card && key card EC:prime256v1 app 01'";
    ASSERT_EQ(std::system(script.c_str()), 0);
    options_.private_key = "pkcs11:token=card;object=app";
    options_.pkcs11_module = ROLECALL_FAULTY_MODULE;
    options_.password = [this](const PasswordRequest& request) {
      ++asked_;
      if (request.attempt > 1) throw Error(ErrorKind::usage, "wrong");
      return Secret(pin_);
    };
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void set(const std::string& text) { std::ofstream(faults_) << text << "\n"; }

  int logged(const std::string& what) {
    std::ifstream log(faults_ + ".log");
    std::string line;
    int count = 0;
    while (std::getline(log, line))
      if (line.starts_with(what)) ++count;
    return count;
  }

  ErrorKind kind_of_failure(const std::function<void()>& what) {
    try {
      what();
    } catch (const Error& error) {
      message_ = error.what();
      return error.kind();
    }
    ADD_FAILURE() << "it did not fail";
    return ErrorKind::failed;
  }

  std::string directory_;
  std::string faults_;
  std::string pin_ = "1234";
  std::string message_;
  int asked_ = 0;
  IdentityOptions options_;
};

TEST_F(TokenTest, SignerOutlivesATokenThatWasPulledOut) {
  const auto signer = load_signer(options_, {});
  EXPECT_FALSE(signer->sign("a").empty());
  EXPECT_EQ(logged("start"), 1);

  set("ABSENT - -");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(kind_of_failure([&] { signer->sign("b"); }), ErrorKind::try_later);
  }
  set("");  // and put back
  EXPECT_FALSE(signer->sign("c").empty());
  EXPECT_FALSE(signer->sign("d").empty());
  EXPECT_EQ(logged("user login"), 2);
}

TEST_F(TokenTest, SignerOpensASessionAnewOnceASignature) {
  const auto signer = load_signer(options_, {});
  set("C_Sign b3 2");
  EXPECT_EQ(kind_of_failure([&] { signer->sign("a"); }), ErrorKind::try_later);
  EXPECT_THAT(message_, HasSubstr("0xb3"));
  EXPECT_FALSE(signer->sign("b").empty());
}

TEST_F(TokenTest, WrongPinIsSentOnceInTheLifeOfAProcess) {
  pin_ = "9999";
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(kind_of_failure([&] { load_signer(options_, {}); }), ErrorKind::usage);
  }
  EXPECT_EQ(logged("user login"), 1);
  EXPECT_EQ(asked_, 8);  // each time twice, so that the source can say what was wrong
  pin_ = "1234";
  EXPECT_FALSE(load_signer(options_, {})->sign("a").empty());
  // Not even now that the token tells of no wrong one any more.
  pin_ = "9999";
  EXPECT_EQ(kind_of_failure([&] { load_signer(options_, {}); }), ErrorKind::usage);
  EXPECT_EQ(logged("user login"), 2);
}

TEST_F(TokenTest, ModulesAreStoppedWithTheLastSigner) {
  load_signer(options_, {});
  EXPECT_EQ(logged("start"), 1);
  const auto one = load_signer(options_, {});
  const auto two = load_signer(options_, {});
  EXPECT_FALSE(one->sign("a").empty());
  EXPECT_FALSE(two->sign("a").empty());
  EXPECT_EQ(logged("start"), 2);
}

}  // namespace
}  // namespace rolecall::identity

#include "aws/create_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "http/server.h"
#include "rolecall/error.h"
#include "rolecall/session.h"
#include "unit/support/answers.h"
#include "unit/support/certificates.h"

namespace rolecall::aws {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// An endpoint in this process that grants every session.
class CreateSession : public testing::Test {
 protected:
  CreateSession() : directory_(mkdtemp(name_)) {
    identity.certificate = directory_ + "/leaf.pem";
    identity.private_key = directory_ + "/key.pem";
    session.role_arn = "arn:aws:iam::123456789012:role/demo";
    session.profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/1";
    session.trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/2";
    session.endpoint = server_.url();
    test::Recipe recipe;
    recipe.from = wall_clock() - 1h;
    recipe.until = wall_clock() + 1000h;
    const test::Entity leaf = test::make(recipe, nullptr);
    std::ofstream(identity.certificate.text()) << test::pem(leaf);
    std::ofstream(identity.private_key.text()) << bio_text([&leaf](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, leaf.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    std::filesystem::permissions(identity.private_key.text(), std::filesystem::perms::owner_read);
  }
  ~CreateSession() override { std::filesystem::remove_all(directory_); }

  Error failure() {
    try {
      create_session(identity, session);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "there is no error";
    return {ErrorKind::failed, ""};
  }

  IdentityOptions identity;
  SessionOptions session;
  std::atomic<int> calls = 0;
  std::atomic<int> status = 0;  // of each response; 0: a session

 private:
  http::Response answer(const http::Request& request) {
    ++calls;
    if (status != 0) return test::answer(status, "");
    EXPECT_EQ(request.path, "/sessions");
    EXPECT_THAT(request.body, HasSubstr(R"("roleArn":"arn:aws:iam::123456789012:role/demo")"));
    EXPECT_THAT(*http::find(request.headers, "authorization"), HasSubstr("AWS4-X509-ECDSA-SHA256"));
    return test::session_answer(wall_clock() + 1h);
  }

  char name_[32] = "/tmp/create-session-XXXXXX";
  std::string directory_;
  http::Server server_{{}, {}, [this](const http::Request& request) { return answer(request); }};
};

TEST_F(CreateSession, SignsWithTheKeyOfTheFiles) {
  EXPECT_EQ(create_session(identity, session).access_key_id, "ASIAEXAMPLE");
  EXPECT_EQ(calls, 1);
}

TEST_F(CreateSession, ChecksOptionsBeforeFiles) {
  identity.certificate = "/nowhere";
  session.region = "eu-west-1";
  const Error error = failure();
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_THAT(error.what(), HasSubstr("eu-west-1"));
}

TEST_F(CreateSession, SendsNothingWithoutAnIdentity) {
  identity.certificate = "/nowhere";
  EXPECT_THAT(failure().what(), HasSubstr("/nowhere"));
  EXPECT_EQ(calls, 0);
}

TEST_F(CreateSession, WarnsAboutOptionsThatAreProbablyWrong) {
  std::string warnings;
  Reporter reporter;
  reporter.warn = [&warnings](std::string_view text) { warnings += text; };
  session.role_arn = "arn:aws:iam::999999999999:role/demo";
  status = 403;
  EXPECT_THROW(create_session(identity, session, reporter), Error);
  EXPECT_THAT(warnings, HasSubstr("999999999999"));
}

TEST_F(CreateSession, ASessionForALoadedIdentityHasTheAttemptsThatItIsGiven) {
  status = 503;
  Deadline deadline(session.timeout);
  const identity::Identity loaded = identity::load_identity(identity, wall_clock(), {}, deadline);
  const SessionRequest request = prepare_session(session);
  EXPECT_THROW(open_session(request, session, loaded, {}, deadline, 1), Error);
  EXPECT_EQ(calls, 1);
  status = 0;
  EXPECT_EQ(open_session(request, session, loaded, {}, deadline).access_key_id, "ASIAEXAMPLE");
}

}  // namespace
}  // namespace rolecall::aws

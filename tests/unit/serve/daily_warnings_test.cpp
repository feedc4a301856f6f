#include "serve/daily_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::chrono::sys_seconds first_check = std::chrono::sys_days(std::chrono::days(20000));

class DailyWarningsTest : public testing::Test {
 protected:
  static CertificateStatus leaf(std::chrono::hours age, std::chrono::hours left) {
    return {"leaf", "CN=x", first_check - age, first_check + left};
  }
  // Returns the lines that were logged since the last call.
  std::string logged() { return std::exchange(lines_, {}); }

 private:
  std::string lines_;
  Log log_{Log::Format::text, [this](const std::string& line) {
             lines_ += line;
             return true;
           }};

 protected:
  DailyWarnings warnings{log_, "default"};
};

TEST_F(DailyWarningsTest, WarnsOnceADayAboutACertificateThatExpiresSoon) {
  const std::vector<CertificateStatus> certificates = {leaf(1000h, 50h)};
  warnings.check_certificates(certificates, first_check);
  EXPECT_EQ(logged(),
            "rolecall: warning: a certificate expires soon, binding=default, certificate=leaf, "
            "subject=CN=x, expires=2024-10-06T02:00:00Z, in=2 days\n");
  warnings.check_certificates(certificates, first_check + 23h);
  EXPECT_EQ(logged(), "");
  warnings.check_certificates(certificates, first_check + 24h);
  EXPECT_THAT(logged(), HasSubstr("in=1 day"));
}

TEST_F(DailyWarningsTest, WarnsInTheLastThirdOfAShortLifetime) {
  warnings.check_certificates({leaf(15h, 9h)}, first_check);
  EXPECT_EQ(logged(), "");
  warnings.check_certificates({leaf(17h, 7h)}, first_check + 24h);
  EXPECT_THAT(logged(), HasSubstr("expires soon"));
}

TEST_F(DailyWarningsTest, WarnsAfterEachRenewalIfTheCertificateExpiresBeforeTheCredentials) {
  for (int i = 0; i < 2; ++i) {
    warnings.check_certificates({leaf(1000h, 1h)}, first_check, first_check + 65min);
    EXPECT_THAT(logged(), HasSubstr("a certificate expires before the credentials"));
  }
}

TEST_F(DailyWarningsTest, WarnsOfLessIfAnAgentRenews) {
  CertificateStatus chain = leaf(30h, 1h);
  chain.position = "chain 1";
  CertificateStatus current = leaf(1h, 1h);
  CertificateStatus old = leaf(9h, 1h);
  chain.agent_renews = current.agent_renews = old.agent_renews = true;
  warnings.check_certificates({current, chain}, first_check, first_check + 3h);
  EXPECT_EQ(logged(), "");
  warnings.check_certificates({old}, first_check + 24h);
  EXPECT_THAT(logged(), HasSubstr("a certificate expires soon"));
}

TEST_F(DailyWarningsTest, LogsTheSameWarningOnceADay) {
  warnings.warn("x");
  warnings.warn("x");
  EXPECT_EQ(logged(), "rolecall: warning: x, binding=default\n");
  const std::vector<CertificateStatus> certificates = {leaf(1h, 10000h)};
  warnings.check_certificates(certificates,
                              first_check);  // the first check belongs to the day of the start
  warnings.warn("x");
  EXPECT_EQ(logged(), "");
  warnings.check_certificates(certificates, first_check + 24h);
  warnings.warn("x");
  EXPECT_EQ(logged(), "rolecall: warning: x, binding=default\n");
}

}  // namespace
}  // namespace rolecall::serve

#include "policy/source_ip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rolecall/error.h"

namespace rolecall::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string source_ip_refusal(const std::string& text) {
  try {
    check_source_ips({text});
    return "accepted";
  } catch (const Error& error) {
    return error.what() + std::string("; ") + error.hint();
  }
}

TEST(SourceIps, AreNetworks) {
  EXPECT_THAT(
      check_source_ips({"192.0.2.0/24", "198.51.100.7", "2001:DB8::/64", "2001:db8::1"}).networks,
      ElementsAre("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/64", "2001:db8::1/128"));
  EXPECT_THAT(check_source_ips({}).warnings, IsEmpty());
  for (const std::string text : {"", "x", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1",
                                 "2001:db8::/129", "192.0.2.0/24,198.51.100.0/24", "1.2.3.4/024x"})
    EXPECT_THAT(source_ip_refusal(text), HasSubstr("is not a network")) << text;
  EXPECT_THAT(source_ip_refusal("192.0.2.7/24"), HasSubstr("use 192.0.2.0/24"));
  EXPECT_THAT(source_ip_refusal("2001:db8::1/64"), HasSubstr("use 2001:db8::/64"));
}

TEST(SourceIps, WarnAboutWhatAwsDoesNotSee) {
  EXPECT_THAT(check_source_ips({"192.0.2.0/24"}).warnings, ElementsAre(HasSubstr("VPC endpoint")));
  for (const std::string text : {"10.1.0.0/16", "172.31.0.1", "192.168.0.0/16", "fd00::/8", "::1"})
    EXPECT_THAT(check_source_ips({text}).warnings, Contains(HasSubstr("private network"))) << text;
  EXPECT_THAT(check_source_ips({"172.32.0.0/16"}).warnings, SizeIs(1));
  EXPECT_THAT(check_source_ips({"0.0.0.0/0"}).warnings, Contains(HasSubstr("all addresses")));
}

}  // namespace
}  // namespace rolecall::policy

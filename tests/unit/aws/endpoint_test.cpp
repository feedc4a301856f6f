#include "aws/endpoint.h"

#include <gtest/gtest.h>

#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

TEST(Endpoint, FollowsThePartition) {
  const auto plain = [](const char* partition, const char* region) {
    return service_endpoint(partition, region, false, false);
  };
  EXPECT_EQ(plain("aws", "us-east-1"), "https://rolesanywhere.us-east-1.amazonaws.com");
  EXPECT_EQ(plain("aws", "xx-new-9"), "https://rolesanywhere.xx-new-9.amazonaws.com");
  EXPECT_EQ(plain("aws-cn", "cn-north-1"), "https://rolesanywhere.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(plain("aws-us-gov", "us-gov-west-1"),
            "https://rolesanywhere.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(plain("aws-iso", "us-iso-east-1"), "https://rolesanywhere.us-iso-east-1.c2s.ic.gov");
  EXPECT_EQ(plain("aws-iso-b", "us-isob-east-1"),
            "https://rolesanywhere.us-isob-east-1.sc2s.sgov.gov");
  EXPECT_EQ(plain("aws-iso-e", "eu-isoe-west-1"),
            "https://rolesanywhere.eu-isoe-west-1.cloud.adc-e.uk");
  EXPECT_EQ(plain("aws-iso-f", "us-isof-south-1"),
            "https://rolesanywhere.us-isof-south-1.csp.hci.ic.gov");
}

TEST(Endpoint, FipsAndDualstack) {
  EXPECT_EQ(service_endpoint("aws", "us-east-1", true, false),
            "https://rolesanywhere-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(service_endpoint("aws", "us-east-1", false, true),
            "https://rolesanywhere.us-east-1.api.aws");
  EXPECT_EQ(service_endpoint("aws-cn", "cn-north-1", true, true),
            "https://rolesanywhere-fips.cn-north-1.api.amazonwebservices.com.cn");
}

TEST(Endpoint, RefusesWhatDoesNotFit) {
  EXPECT_THROW(service_endpoint("aws", "cn-north-1", false, false), Error);
  EXPECT_THROW(service_endpoint("aws-cn", "us-east-1", false, false), Error);
  EXPECT_THROW(service_endpoint("aws-moon", "us-east-1", false, false), Error);
  EXPECT_THROW(service_endpoint("aws-iso", "us-iso-east-1", false, true), Error);
}

}  // namespace
}  // namespace rolecall::aws

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
  EXPECT_EQ(plain("aws-eusc", "eusc-de-east-1"),
            "https://rolesanywhere.eusc-de-east-1.amazonaws.eu");
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
  EXPECT_EQ(service_endpoint("aws-us-gov", "us-gov-east-1", true, true),
            "https://rolesanywhere-fips.us-gov-east-1.api.aws");
}

TEST(Endpoint, EachPartitionHasDualstackNames) {
  const auto dualstack = [](const char* partition, const char* region) {
    return service_endpoint(partition, region, false, true);
  };
  EXPECT_EQ(dualstack("aws-cn", "cn-north-1"),
            "https://rolesanywhere.cn-north-1.api.amazonwebservices.com.cn");
  EXPECT_EQ(dualstack("aws-eusc", "eusc-de-east-1"),
            "https://rolesanywhere.eusc-de-east-1.api.amazonwebservices.eu");
  EXPECT_EQ(dualstack("aws-us-gov", "us-gov-west-1"),
            "https://rolesanywhere.us-gov-west-1.api.aws");
  EXPECT_EQ(dualstack("aws-iso", "us-iso-east-1"),
            "https://rolesanywhere.us-iso-east-1.api.aws.ic.gov");
  EXPECT_EQ(dualstack("aws-iso-b", "us-isob-east-1"),
            "https://rolesanywhere.us-isob-east-1.api.aws.scloud");
  EXPECT_EQ(dualstack("aws-iso-e", "eu-isoe-west-1"),
            "https://rolesanywhere.eu-isoe-west-1.api.cloud-aws.adc-e.uk");
  EXPECT_EQ(dualstack("aws-iso-f", "us-isof-south-1"),
            "https://rolesanywhere.us-isof-south-1.api.aws.hci.ic.gov");
}

TEST(Endpoint, FipsHostsExistInSixRegions) {
  for (const char* region : {"us-east-1", "us-east-2", "us-west-1", "us-west-2"}) {
    EXPECT_EQ(service_endpoint("aws", region, true, false),
              std::string("https://rolesanywhere-fips.") + region + ".amazonaws.com");
  }
  for (const char* region : {"us-gov-east-1", "us-gov-west-1"}) {
    EXPECT_NO_THROW(service_endpoint("aws-us-gov", region, true, false)) << region;
  }
  for (const auto& [partition, region] :
       {std::pair("aws", "eu-west-1"), std::pair("aws", "ca-central-1"),
        std::pair("aws", "us-east-3"), std::pair("aws-cn", "cn-north-1"),
        std::pair("aws-eusc", "eusc-de-east-1")}) {
    for (const bool use_dualstack : {false, true}) {
      try {
        service_endpoint(partition, region, true, use_dualstack);
        ADD_FAILURE() << region;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        EXPECT_NE(std::string(error.what()).find(region), std::string::npos);
        EXPECT_NE(error.hint().find("us-gov-west-1"), std::string::npos);
      }
    }
  }
}

TEST(Endpoint, OfSts) {
  EXPECT_EQ(sts_endpoint("aws", "eu-west-1", false, false), "https://sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(sts_endpoint("aws", "us-east-1", true, false),
            "https://sts-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(sts_endpoint("aws-us-gov", "us-gov-west-1", true, false),
            "https://sts.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(sts_endpoint("aws-cn", "cn-north-1", false, false),
            "https://sts.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(sts_endpoint("aws", "eu-west-1", false, true), "https://sts.eu-west-1.api.aws");
}

TEST(Endpoint, ARegionIsOfOnePartition) {
  EXPECT_NO_THROW(check_region("aws-moon", "moon-far-1"));
  EXPECT_NO_THROW(check_region("aws-moon", "us-gov-west-1"));
  EXPECT_NO_THROW(check_region("aws", "eu-central-2"));
  EXPECT_THROW(check_region("aws", "eusc-de-east-1"), Error);
  EXPECT_THROW(check_region("aws-eusc", "eu-central-1"), Error);
  EXPECT_THROW(check_region("aws-iso", "us-isob-east-1"), Error);
}

TEST(Endpoint, RefusesRegionsOfOtherPartitions) {
  EXPECT_THROW(service_endpoint("aws", "cn-north-1", false, false), Error);
  EXPECT_THROW(service_endpoint("aws-cn", "us-east-1", false, false), Error);
  EXPECT_THROW(service_endpoint("aws-moon", "us-east-1", false, false), Error);
}

}  // namespace
}  // namespace rolecall::aws

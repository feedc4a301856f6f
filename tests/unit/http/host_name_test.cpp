#include "http/host_name.h"

#include <gtest/gtest.h>

namespace rolecall::http {
namespace {

TEST(HostName, IsANameOrAnAddressWithoutAPort) {
  for (const char* name : {"host.docker.internal", "172.17.0.1", "fd00::1"}) {
    EXPECT_TRUE(is_host_name(name)) << name;
  }
  for (const char* name : {"", "http://a", "a:80", "a b", "*", "a/b", "[fd00::1]", "A"}) {
    EXPECT_FALSE(is_host_name(name)) << name;
  }
}

}  // namespace
}  // namespace rolecall::http

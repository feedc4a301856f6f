#include "serve/guard.h"

#include <gtest/gtest.h>

#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

int status_for(const http::Headers& headers, const std::string& address = "127.0.0.1") {
  http::Request request;
  request.method = "GET";
  request.headers = headers;
  const auto refused = refuse(request, address);
  return refused ? refused->status : 200;
}
int status_for_host(const std::string& host, const std::string& address = "127.0.0.1") {
  return status_for({{"Host", host}}, address);
}

TEST(Guard, LetsThisMachinesNamesPass) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9911", "localhost", "LocalHost:80", "127.1.2.3",
                           "[::1]", "[::1]:9911"}) {
    EXPECT_EQ(status_for_host(host), 200) << host;
  }
}

TEST(Guard, RefusesOtherNames) {
  for (const char* host :
       {"evil.example", "evil.example:9911", "localhost.evil.example", "127.0.0.1.evil.example",
        "169.254.169.254", "10.0.0.1", "[::2]", "[::1", "[::1]x", "127.0.0.1:80:80", "127.0.0.1:x",
        "localhost@evil.example", "", " ", "0.0.0.0", "2130706433", "0x7f.1"}) {
    EXPECT_EQ(status_for_host(host), 403) << host;
  }
  EXPECT_EQ(status_for({}), 400);
  EXPECT_EQ(status_for({{"Host", "localhost"}, {"host", "evil.example"}}), 400);
}

TEST(Guard, LetsTheBoundAddressPass) {
  EXPECT_EQ(status_for_host("172.17.0.1:9911", "172.17.0.1"), 200);
  EXPECT_EQ(status_for_host("172.17.0.2", "172.17.0.1"), 403);
  EXPECT_EQ(status_for_host("[fd00::1]:9911", "fd00::1"), 200);
  // Of every address: numbers, as only a name can be rebound.
  EXPECT_EQ(status_for_host("172.17.0.1", "0.0.0.0"), 200);
  EXPECT_EQ(status_for_host("[fd00::1]", "::"), 200);
  EXPECT_EQ(status_for_host("evil.example", "0.0.0.0"), 403);
}

TEST(Guard, RefusesWhatCameThroughAProxy) {
  EXPECT_EQ(status_for({{"Host", "localhost"}, {"x-forwarded-FOR", ""}}), 403);
}

TEST(Guard, RefusesBodiesAndLongHeaders) {
  http::Request request = test::request("PUT", "/latest/api/token");
  EXPECT_FALSE(refuse(request, "127.0.0.1"));
  request.body = "x";
  EXPECT_EQ(refuse(request, "127.0.0.1")->status, 413);
  request.body.clear();
  request.body_too_large = true;
  EXPECT_EQ(refuse(request, "127.0.0.1")->status, 413);
  EXPECT_EQ(status_for({{"Host", "localhost"}, {"A", std::string(8000, 'a')}}), 200);
  EXPECT_EQ(status_for({{"Host", "localhost"}, {"A", std::string(8192, 'a')}}), 431);
}

}  // namespace
}  // namespace rolecall::serve

#include "serve/guard.h"

#include <gtest/gtest.h>

#include "unit/serve/support.h"

namespace rolecall::serve {
namespace {

int status_for(const http::Headers& headers, const std::string& address = "127.0.0.1") {
  http::Request request;
  request.method = "GET";
  request.headers = headers;
  const auto refused = reason_to_refuse(request, address);
  return refused ? refused->status : 200;
}
int status_for_host(const std::string& host, const std::string& address = "127.0.0.1") {
  return status_for({{"Host", host}}, address);
}

TEST(Guard, AcceptsNamesOfThisMachine) {
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

TEST(Guard, AcceptsTheAddressThatServeListensOn) {
  EXPECT_EQ(status_for_host("172.17.0.1:9911", "172.17.0.1"), 200);
  EXPECT_EQ(status_for_host("172.17.0.2", "172.17.0.1"), 403);
  EXPECT_EQ(status_for_host("[fd00::1]:9911", "fd00::1"), 200);
  // If serve listens on all addresses, any numeric Host is accepted, because only a name can be
  // rebound.
  EXPECT_EQ(status_for_host("172.17.0.1", "0.0.0.0"), 200);
  EXPECT_EQ(status_for_host("[fd00::1]", "::"), 200);
  EXPECT_EQ(status_for_host("evil.example", "0.0.0.0"), 403);
}

TEST(Guard, AcceptsAllowedNames) {
  const auto status = [](const std::string& host) {
    http::Request request = test::request("GET", "/healthz");
    request.headers = {{"Host", host}};
    const auto refused = reason_to_refuse(request, "172.17.0.1", {"rolecall", "app.prod.svc"});
    return refused ? refused->status : 200;
  };
  for (const char* host : {"rolecall", "ROLECALL:9911", "app.prod.svc:80"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const char* host : {"rolecall.evil.example", "evil.example", "app.prod.svc.", "prod.svc"}) {
    EXPECT_EQ(status(host), 403) << host;
  }
}

TEST(Guard, SaysHowToAllowAName) {
  http::Request request = test::request("GET", "/healthz");
  request.headers = {{"Host", "Rolecall:9911"}};
  EXPECT_NE(reason_to_refuse(request, "127.0.0.1")->reason.find("--allow-host rolecall"),
            std::string::npos);
  request.headers = {{"Host", "$(reboot)"}};
  EXPECT_EQ(reason_to_refuse(request, "127.0.0.1")->reason,
            "the Host header is not the name of a host");
}

TEST(Guard, RefusesRequestsThroughAProxyOrFromAWebPage) {
  for (const http::Header& header :
       {http::Header{"x-forwarded-FOR", ""}, http::Header{"X-Forwarded-Proto", "http"},
        http::Header{"Forwarded", ""}, http::Header{"VIA", "1.1 a"}, http::Header{"Origin", "null"},
        http::Header{"Sec-Fetch-Site", "Cross-Site"}}) {
    EXPECT_EQ(status_for({{"Host", "localhost"}, header}), 403) << header.name;
  }
  for (const char* value : {"cross-site", "same-site", "cross-site, none", "none, cross-site", "",
                            "none none", "null", "same-origin, same-origin"}) {
    EXPECT_EQ(status_for({{"Host", "localhost"}, {"Sec-Fetch-Site", value}}), 403) << value;
  }
  for (const char* value : {"none", "same-origin", "None"}) {
    EXPECT_EQ(status_for({{"Host", "localhost"}, {"Sec-Fetch-Site", value}}), 200) << value;
  }
}

TEST(Guard, RefusesEveryHeaderOfAForwardedRequest) {
  for (const char* name : {"X-Original-Forwarded-For",
                           "X-Forwarded_For",
                           "x_forwarded_for",
                           "X-Forwarded",
                           "XForwardedFor",
                           "Forwarded-For",
                           "CF-Connecting-IP",
                           "True-Client-IP",
                           "X-Client-IP",
                           "X_CLIENT_IP",
                           "X-Cluster-Client-IP",
                           "Client-IP",
                           "Fastly-Client-IP",
                           "Fly-Client-IP",
                           "X-Azure-ClientIP",
                           "X-Azure-SocketIP",
                           "X-Real-IP",
                           "X-Appengine-User-IP",
                           "X-ProxyUser-Ip",
                           "WL-Proxy-Client-IP",
                           "X-Remote-IP",
                           "X-Remote-Addr",
                           "X-Original-Host",
                           "X-Original-URL",
                           "X-Rewrite-URL",
                           "X-Envoy-External-Address",
                           "CDN-Loop",
                           "X-BlueCoat-Via",
                           "X_Via",
                           "IP",
                           "via"}) {
    EXPECT_EQ(status_for({{"Host", "localhost"}, {name, "1"}}), 403) << name;
  }
  const std::string longest = "X-Forwarded-" + std::string(4000, 'A');
  EXPECT_EQ(status_for({{"Host", "localhost"}, {longest, "1"}}), 403);
}

TEST(Guard, ShowsPartOfALongName) {
  http::Request request = test::request("GET", "/healthz");
  const std::string name = "X-Forwarded-" + std::string(4000, 'A');
  request.headers.push_back({name, "1"});
  EXPECT_EQ(reason_to_refuse(request, "127.0.0.1")->reason,
            "the request came through a proxy (" + name.substr(0, 64) + "…)");
}

TEST(Guard, AcceptsHeadersOfClients) {
  for (const char* name : {"User-Agent",
                           "Accept",
                           "Accept-Encoding",
                           "Connection",
                           "Authorization",
                           "amz-sdk-request",
                           "amz-sdk-invocation-id",
                           "X-Amz-User-Agent",
                           "X-Amzn-Trace-Id",
                           "Traceparent",
                           "x-aws-ec2-metadata-token",
                           "x-aws-ec2-metadata-token-ttl-seconds",
                           "Max-Forwards",
                           "Gzip",
                           "X-Membership",
                           "X-Request-Id",
                           "Viable",
                           "Sec-Fetch-Mode",
                           "P",
                           "Cookie"}) {
    EXPECT_EQ(status_for({{"Host", "localhost"}, {name, "1"}}), 200) << name;
  }
}

TEST(Guard, RefusesMalformedRequests) {
  http::Request request = test::request("GET", "/healthz");
  request.malformed = "a NUL";
  EXPECT_EQ(reason_to_refuse(request, "127.0.0.1")->status, 400);
}

TEST(Guard, RefusesBodiesAndLongHeaders) {
  http::Request request = test::request("PUT", "/latest/api/token");
  EXPECT_FALSE(reason_to_refuse(request, "127.0.0.1"));
  request.body = "x";
  EXPECT_EQ(reason_to_refuse(request, "127.0.0.1")->status, 413);
  request.body.clear();
  request.body_too_large = true;
  EXPECT_EQ(reason_to_refuse(request, "127.0.0.1")->status, 413);
  EXPECT_EQ(status_for({{"Host", "localhost"}, {"A", std::string(8000, 'a')}}), 200);
  EXPECT_EQ(status_for({{"Host", "localhost"}, {"A", std::string(8192, 'a')}}), 431);
}

}  // namespace
}  // namespace rolecall::serve

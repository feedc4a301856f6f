#include "base/spiffe_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rolecall/error.h"
#include "rolecall/source.h"

namespace rolecall {
namespace {

using testing::HasSubstr;

TEST(SpiffeSource, MayLeaveTheAgentToTheEnvironment) {
  for (const char* text : {"spiffe:", "spiffe:?hint=internal", "spiffe://example.org/app"})
    EXPECT_FALSE(parse_spiffe_source(text).names_agent()) << text;
  EXPECT_EQ(parse_spiffe_source("spiffe:?hint=internal").hint, "internal");
  EXPECT_EQ(parse_spiffe_source("spiffe://example.org/app").id, "spiffe://example.org/app");
}

TEST(SpiffeSource, NamesASocket) {
  for (const char* text : {"spiffe:unix:///run/a.sock", "spiffe:unix:/run/a.sock",
                           "spiffe:/run/a.sock", "spiffe:///run/a.sock"}) {
    const SpiffeSource source = parse_spiffe_source(text);
    EXPECT_EQ(source.socket, "/run/a.sock") << text;
    EXPECT_EQ(source.endpoint(), "unix:///run/a.sock") << text;
    EXPECT_EQ(source.address, "");
  }
}

TEST(SpiffeSource, NamesAPortOfThisMachine) {
  for (const std::string address : {"127.0.0.1:81", "127.8.9.1:65535", "[::1]:81"}) {
    const SpiffeSource source = parse_spiffe_source("spiffe:tcp://" + address);
    EXPECT_EQ(source.address, address);
    EXPECT_EQ(source.endpoint(), "tcp://" + address);
  }
}

TEST(SpiffeSource, ChoosesAnIdentity) {
  const SpiffeSource by_hint = parse_spiffe_source("spiffe:unix:///run/a.sock?hint=a%20b%26c");
  EXPECT_EQ(by_hint.hint, "a b&c");
  EXPECT_EQ(by_hint.socket, "/run/a.sock");
  const SpiffeSource by_id =
      parse_spiffe_source("spiffe:tcp://127.0.0.1:81?id=spiffe://example.org/app");
  EXPECT_EQ(by_id.id, "spiffe://example.org/app");
  EXPECT_EQ(by_id.address, "127.0.0.1:81");
}

TEST(SpiffeSource, RefusesEverythingElse) {
  for (const std::string text : {"spiffe:x",
                                 "spiffe:run/a.sock",
                                 "spiffe:unix:",
                                 "spiffe:unix:a.sock",
                                 "spiffe:unix://run/a.sock",
                                 "spiffe:/",
                                 "spiffe:tcp://",
                                 "spiffe:tcp://127.0.0.1",
                                 "spiffe:tcp://127.0.0.1:",
                                 "spiffe:tcp://127.0.0.1:0",
                                 "spiffe:tcp://127.0.0.1:65536",
                                 "spiffe:tcp://localhost:81",
                                 "spiffe:tcp://::1:81",
                                 "spiffe:tcp://[127.0.0.1]:81",
                                 "spiffe:tcp://10.0.0.1:81",
                                 "spiffe:tcp://127.0.0.1:81/path",
                                 "spiffe:?",
                                 "spiffe:?hint=",
                                 "spiffe:?hint=%",
                                 "spiffe:?hint=a&id=spiffe://a/b",
                                 "spiffe:?id=",
                                 "spiffe:?id=app",
                                 "spiffe:?name=x",
                                 "spiffe://",
                                 "spiffe://exa mple/x",
                                 "spiffe://example.org/x?hint=y",
                                 "spiffe:https://127.0.0.1:81",
                                 "spiffe:unix:///"
                                 "?hint=x"}) {
    EXPECT_THROW(parse_spiffe_source(text), Error) << text;
    EXPECT_THROW(Source{text}, Error) << text;
    EXPECT_EQ(Source::kind_of(text), Source::Kind::spiffe) << text;
  }
  EXPECT_THROW(parse_spiffe_source("spiffe:/" + std::string(200, 'a')), Error);
}

TEST(SpiffeSource, SaysWhyAnotherMachineIsRefused) {
  try {
    parse_spiffe_source("spiffe:tcp://10.0.0.1:8081");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), HasSubstr("10.0.0.1 is not an address of this machine"));
    EXPECT_THAT(error.hint(), HasSubstr("without encryption"));
  }
}

TEST(SpiffeSource, GetsTheAgentOfTheEnvironment) {
  const std::string agent = "unix:///run/a.sock";
  EXPECT_EQ(with_spiffe_endpoint("spiffe:", agent), "spiffe:unix:///run/a.sock");
  EXPECT_EQ(with_spiffe_endpoint("spiffe:?hint=a%20b", agent),
            "spiffe:unix:///run/a.sock?hint=a%20b");
  EXPECT_EQ(with_spiffe_endpoint("spiffe://example.org/app", agent),
            "spiffe:unix:///run/a.sock?id=spiffe://example.org/app");
  EXPECT_EQ(with_spiffe_endpoint("spiffe:", "tcp://[::1]:81"), "spiffe:tcp://[::1]:81");
  for (const char* wrong : {"/run/a.sock", "run/a.sock", "http://127.0.0.1:81", "tcp://1.2.3.4:5",
                            "unix:///run/a?b", ""})
    EXPECT_THROW(with_spiffe_endpoint("spiffe:", wrong), Error) << wrong;
}

TEST(SpiffeSource, IsAKindOfSource) {
  const Source source("spiffe:unix:///run/a.sock");
  EXPECT_EQ(source.kind(), Source::Kind::spiffe);
  EXPECT_EQ(source.name(), "spiffe:unix:///run/a.sock");
  EXPECT_EQ(source.descriptor(), -1);
  EXPECT_TRUE(source.can_be_read_again());
  EXPECT_EQ(source.stamp(), "");
  for (const char* path : {"spiffe", "./spiffe:", "SPIFFE:", " spiffe:", "unix:///run/a.sock"})
    EXPECT_EQ(Source(path).kind(), Source::Kind::file) << path;
}

TEST(SpiffeId, HasATrustDomain) {
  for (const char* id :
       {"spiffe://example.org", "spiffe://example.org/a/b-c_d.e", "spiffe://a_b/x"})
    EXPECT_TRUE(is_spiffe_id(id)) << id;
  for (const char* other : {"spiffe:///a", "spiffe://", "https://example.org/a", "spiffe://a/b c",
                            "spiffe://a/\n", "spiffe://a/x?y", "spiffe://a/x#y", "spiffe://a:1/x"})
    EXPECT_FALSE(is_spiffe_id(other)) << other;
  EXPECT_FALSE(is_spiffe_id("spiffe://a/" + std::string(2048, 'x')));
}

}  // namespace
}  // namespace rolecall

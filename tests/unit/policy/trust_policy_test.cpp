#include "policy/trust_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "rolecall/error.h"
#include "unit/policy/support.h"

namespace rolecall::policy {
namespace {

using test::ca;
using test::certificate;
using test::Names;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TrustConditions conditions(const Names& subject, const Names& issuer, const std::string& san = "",
                           IdentifyBy by = IdentifyBy::best, bool for_group = false) {
  return trust_conditions(certificate(subject, issuer, san), by, for_group);
}

std::vector<std::string> lines(const TrustConditions& trust) {
  std::vector<std::string> result;
  for (const Condition& one : trust.all)
    result.push_back(cat(one.test, " ", one.key, " ", join(one.values, "|")));
  return result;
}

std::string refusal(const Names& subject, const Names& issuer, const std::string& san,
                    IdentifyBy by, bool for_group = false) {
  try {
    conditions(subject, issuer, san, by, for_group);
    return "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(error.hint(), "");
    return error.what();
  }
}

TEST(TrustConditions, IdentifyByUriThenCnThenDns) {
  const Names web = {{"CN", "web"}};
  EXPECT_THAT(lines(conditions(web, ca, "DNS:web.example,URI:spiffe://td/web")),
              ElementsAre("StringEquals aws:PrincipalTag/x509SAN/URI spiffe://td/web",
                          "StringEquals aws:PrincipalTag/x509Issuer/O Example",
                          "StringEquals aws:PrincipalTag/x509Issuer/CN Example CA"));
  EXPECT_THAT(lines(conditions(web, ca, "DNS:web.example")),
              Contains("StringEquals aws:PrincipalTag/x509Subject/CN web"));
  const TrustConditions by_dns = conditions({{"O", "Example"}}, ca, "DNS:web.example,DNS:other");
  EXPECT_THAT(lines(by_dns), Contains("StringEquals aws:PrincipalTag/x509SAN/DNS web.example"));
  EXPECT_THAT(by_dns.warnings, Contains(HasSubstr("first DNS name is web.example")));
}

TEST(TrustConditions, IdentifyAsTheUserSays) {
  const Names web = {{"C", "DE"}, {"O", "Example"}, {"CN", "web"}, {"emailAddress", "a@b"}};
  const std::string san = "DNS:web.example,URI:spiffe://td/web";
  EXPECT_THAT(lines(conditions(web, ca, san, IdentifyBy::common_name)),
              Contains("StringEquals aws:PrincipalTag/x509Subject/CN web"));
  EXPECT_THAT(lines(conditions(web, ca, san, IdentifyBy::dns)),
              Contains("StringEquals aws:PrincipalTag/x509SAN/DNS web.example"));
  EXPECT_THAT(lines(conditions(web, ca, san, IdentifyBy::source_identity)),
              Contains("StringEquals sts:SourceIdentity CN=web"));
  const TrustConditions subject = conditions(web, ca, san, IdentifyBy::subject);
  EXPECT_THAT(lines(subject),
              ElementsAre("StringEquals aws:PrincipalTag/x509Subject/C DE",
                          "StringEquals aws:PrincipalTag/x509Subject/O Example",
                          "StringEquals aws:PrincipalTag/x509Subject/CN web",
                          "StringEquals aws:PrincipalTag/x509Issuer/O Example",
                          "StringEquals aws:PrincipalTag/x509Issuer/CN Example CA"));
  EXPECT_THAT(subject.warnings,
              Contains(HasSubstr("does not test x509Subject/emailAddress, because AWS")));
  EXPECT_THAT(refusal(web, ca, "", IdentifyBy::uri), HasSubstr("has no URI in its SAN"));
  EXPECT_THAT(refusal({{"CN", "a & b"}}, ca, "", IdentifyBy::common_name), HasSubstr("has \"&\""));
  EXPECT_THAT(refusal({{"CN", "*.example"}}, ca, "", IdentifyBy::best),
              HasSubstr("has no URI, CN"));
  EXPECT_THAT(refusal({{"CN", "a"}, {"CN", "b"}}, ca, "", IdentifyBy::source_identity),
              HasSubstr("has 2 CNs"));
}

TEST(TrustConditions, HaveNoNegatedTest) {
  for (const IdentifyBy by : {IdentifyBy::best, IdentifyBy::subject, IdentifyBy::source_identity})
    for (const std::string& line : lines(conditions({{"CN", "web"}}, ca, "", by)))
      EXPECT_THAT(line, Not(HasSubstr("Not")));
}

TEST(TrustConditions, WarnAboutOtherCertificates) {
  EXPECT_THAT(conditions({{"CN", "a"}, {"CN", "b"}}, ca).warnings,
              Contains(HasSubstr("\"a/b\" can come from one CN or from several")));
  EXPECT_THAT(conditions({{"OU", "a"}}, ca, "", IdentifyBy::subject).warnings,
              Contains(HasSubstr("does not test a CN")));
  const TrustConditions bad_issuer =
      conditions({{"CN", "web"}}, {{"O", "Example"}, {"CN", "R & D"}});
  EXPECT_THAT(bad_issuer.warnings,
              AllOf(Contains(HasSubstr("does not test the issuer's CN")),
                    Contains(HasSubstr("delete-attribute-mapping --profile-id ID "
                                       "--certificate-field x509Issuer --specifiers CN"))));
  EXPECT_THAT(lines(bad_issuer), Contains("StringEquals aws:PrincipalTag/x509Issuer/O Example"));
  EXPECT_THAT(conditions({{"CN", "web"}}, {{"CN", "R & D"}}).warnings,
              Contains(HasSubstr("does not test the issuer: every CA")));
  EXPECT_THAT(conditions({{"CN", "web"}}, ca).warnings,
              ElementsAre("the profile must map x509Subject/CN, x509Issuer/O and x509Issuer/CN, as "
                          "its default mapping does: otherwise nobody can assume the role"));
  EXPECT_THAT(conditions({{"CN", "web"}}, ca, "URI:urn:a'b").warnings,
              Contains(HasSubstr("does not test session tag x509SAN/URI \"urn:a'b\"")));
}

TEST(TrustConditions, OfASourceIdentity) {
  const auto made = [](const std::string& name) {
    return conditions({{"CN", name}}, ca, "", IdentifyBy::source_identity);
  };
  const std::string long_name(62, 'x');
  EXPECT_EQ(made(long_name).all.front().values.front(), long_name);
  EXPECT_THAT(made(long_name).warnings, Not(Contains(HasSubstr("another certificate"))));
  const std::string shorter(60, 'x');
  EXPECT_EQ(made(shorter).all.front().values.front(), "CN=" + shorter);
  EXPECT_THAT(made(shorter).warnings, Contains(HasSubstr("another certificate")));
  EXPECT_THAT(made("a b").warnings, Contains(HasSubstr("STS may refuse it")));
  const TrustConditions serial = conditions({{"O", "x"}}, ca, "", IdentifyBy::source_identity);
  EXPECT_EQ(serial.all.front().values.front(), "ID=1234");
  EXPECT_THAT(serial.warnings, Contains(HasSubstr("must change at each renewal")));
}

TEST(TrustConditions, OfAGroup) {
  const auto group = [](const Names& subject, const std::string& san,
                        IdentifyBy by = IdentifyBy::best) {
    return conditions(subject, ca, san, by, true);
  };
  const TrustConditions path = group({{"CN", "x"}}, "URI:spiffe://td/ns/prod/sa/web");
  EXPECT_THAT(lines(path),
              Contains("StringLike aws:PrincipalTag/x509SAN/URI spiffe://td/ns/prod/sa/*"));
  EXPECT_THAT(path.warnings, Contains(HasSubstr("begins with spiffe://td/ns/prod/sa/ can")));
  EXPECT_THAT(group({{"CN", "x"}}, "URI:spiffe://td/web").warnings,
              Contains(HasSubstr("that is the whole trust domain")));
  // Active Directory: the outer OU is first.
  const Names computer = {
      {"DC", "com"}, {"DC", "example"}, {"OU", "Computers"}, {"OU", "Web"}, {"CN", "web"}};
  EXPECT_THAT(
      lines(group(computer, "")),
      ElementsAre("StringLike aws:PrincipalTag/x509Subject/OU Computers/Web|Computers/Web/*",
                  "StringEquals aws:PrincipalTag/x509Subject/DC com/example",
                  "StringEquals aws:PrincipalTag/x509Issuer/O Example",
                  "StringEquals aws:PrincipalTag/x509Issuer/CN Example CA"));
  EXPECT_THAT(refusal({{"CN", "x"}}, ca, "URI:urn:x", IdentifyBy::best, true),
              HasSubstr("belongs to no group"));
  EXPECT_THAT(refusal({{"CN", "x"}}, ca, "URI:spiffe://td", IdentifyBy::uri, true),
              HasSubstr("belongs to no group"));
  EXPECT_THAT(refusal({{"OU", "x"}}, ca, "DNS:x", IdentifyBy::dns, true),
              HasSubstr("`like` cannot be used with this value"));
}

TEST(PolicyValues, AreEscaped) {
  const std::string hostile = "a\"$(id)'${aws:username}*?%{if}\n";
  EXPECT_EQ(policy_value(hostile), "a\"${$}(id)'${$}{aws:username}*?%{if}\n");
  EXPECT_EQ(policy_pattern(hostile), "a\"${$}(id)'${$}{aws:username}${*}${?}%{if}\n");
}

}  // namespace
}  // namespace rolecall::policy

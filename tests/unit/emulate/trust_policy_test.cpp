#include "emulate/trust_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

using testing::HasSubstr;

constexpr const char* all_actions =
    R"("Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"])";
constexpr const char* to_service = R"("Principal":{"Service":"rolesanywhere.amazonaws.com"})";
const std::string anchor = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1";

const RequestContext web = {{"aws:sourcearn", anchor},
                            {"aws:sourceaccount", "123456789012"},
                            {"sts:sourceidentity", "CN=web"},
                            {"sts:rolesessionname", "0abc"},
                            {"aws:principaltag/x509subject/cn", "web"},
                            {"aws:principaltag/x509subject/ou", "Unit/Web"},
                            {"aws:principaltag/x509issuer/cn", "CA"}};

std::string policy_of(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}

std::string statement(const std::string& condition, const std::string& effect = "Allow") {
  return cat(R"({"Effect":")", effect, "\",", to_service, ",", all_actions, R"(,"Condition":{)",
             condition, "}}");
}

std::string refusal_for(const std::string& statements, const RequestContext& context = web) {
  return TrustPolicy(policy_of(statements), "file p").refusal(context);
}

bool is_allowed_if(const std::string& condition, const RequestContext& context = web) {
  return refusal_for(statement(condition), context).empty();
}

std::string unknown_in(const std::string& text) {
  try {
    const TrustPolicy policy(text, "file p");
    return "known";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(error.hint(), "");
    return error.what();
  }
}

TEST(PolicyConditions, AreTrueOrNot) {
  struct Row {
    const char* condition;
    bool expected;
  };
  const Row rows[] = {
      {R"("StringEquals":{"aws:PrincipalTag/x509Subject/CN":"web"})", true},
      {R"("StringEquals":{"aws:principaltag/X509SUBJECT/cn":["a","web"]})", true},
      {R"("StringEquals":{"aws:PrincipalTag/x509Subject/CN":"Web"})", false},
      {R"("StringEquals":{"aws:PrincipalTag/x509Subject/CN":"we*"})", false},
      {R"("StringEquals":{"aws:PrincipalTag/x509Subject/O":"x"})", false},
      {R"("StringEquals":{"sts:SourceIdentity":"CN=web","sts:RoleSessionName":"0abc"})", true},
      {R"("StringEquals":{"sts:SourceIdentity":"CN=web","sts:RoleSessionName":"0abd"})", false},
      {R"("StringEqualsIgnoreCase":{"aws:PrincipalTag/x509Subject/CN":"WEB"})", true},
      {R"("StringNotEqualsIgnoreCase":{"aws:PrincipalTag/x509Subject/CN":"WEB"})", false},
      {R"("StringNotEquals":{"aws:PrincipalTag/x509Subject/CN":["a","web"]})", false},
      {R"("StringNotEquals":{"aws:PrincipalTag/x509Subject/CN":["a","b"]})", true},
      // Absent: a negated test is true. Therefore `rolecall policy` writes none.
      {R"("StringNotEquals":{"aws:PrincipalTag/x509Subject/O":"x"})", true},
      {R"("StringEqualsIfExists":{"aws:PrincipalTag/x509Subject/O":"x"})", true},
      {R"("StringEqualsIfExists":{"aws:PrincipalTag/x509Subject/CN":"x"})", false},
      {R"("StringLike":{"aws:PrincipalTag/x509Subject/CN":"w?b"})", true},
      {R"("StringLike":{"aws:PrincipalTag/x509Subject/CN":"w?"})", false},
      {R"("StringLike":{"aws:PrincipalTag/x509Subject/OU":["Unit","Unit/*"]})", true},
      {R"("StringLike":{"aws:PrincipalTag/x509Subject/OU":"*/Web*"})", true},
      {R"("StringLike":{"aws:PrincipalTag/x509Subject/OU":"Unit/${*}"})", false},
      {R"("StringNotLike":{"aws:PrincipalTag/x509Subject/OU":"Unit/*"})", false},
      {R"("StringEquals":{"sts:SourceIdentity":"CN=${aws:PrincipalTag/x509Subject/CN}"})", true},
      {R"("StringEquals":{"sts:SourceIdentity":"CN=${$}{aws:PrincipalTag/x509Subject/CN}"})",
       false},
      {R"("StringEquals":{"sts:SourceIdentity":"${aws:PrincipalTag/a, 'CN=web'}"})", true},
      {R"("StringEquals":{"sts:SourceIdentity":"CN=${aws:PrincipalTag/a}"})", false},
      {R"("StringNotEquals":{"sts:SourceIdentity":"CN=${aws:PrincipalTag/a}"})", false},
      {R"("ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1"})",
       true},
      {R"("ArnLike":{"aws:SourceArn":"arn:aws:rolesanywhere:*:123456789012:trust-anchor/*"})",
       true},
      {R"("ArnLike":{"aws:SourceArn":"arn:aws:rolesanywhere:us-*:trust-anchor/1:*"})", false},
      {R"("ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/2"})",
       false},
      {R"("ArnNotLike":{"aws:SourceArn":"arn:aws:rolesanywhere:us-east-1:*:*"})", false},
      {R"("StringEquals":{"aws:SourceAccount":"123456789012"})", true},
      {R"("Null":{"aws:PrincipalTag/x509Subject/O":"true"})", true},
      {R"("Null":{"aws:PrincipalTag/x509Subject/CN":true})", false},
      {R"("Null":{"aws:PrincipalTag/x509Subject/CN":"false"})", true},
      {R"("ForAnyValue:StringLike":{"aws:PrincipalTag/x509Subject/CN":["w*"]})", true},
      {R"("ForAnyValue:StringLike":{"aws:PrincipalTag/x509Subject/O":["*"]})", false},
      {R"("ForAllValues:StringEquals":{"aws:PrincipalTag/x509Subject/O":"x"})", true},
      {R"("ForAllValues:StringEquals":{"aws:PrincipalTag/x509Subject/CN":"x"})", false},
      {R"("ForAnyValue:StringNotEquals":{"aws:PrincipalTag/x509Subject/O":"x"})", false},
  };
  for (const auto& [condition, expected] : rows)
    EXPECT_EQ(is_allowed_if(condition), expected) << condition;
}

TEST(TrustPolicy, NeedsAllThreeActions) {
  const auto refusal = [](const std::string& action, const std::string& more = "") {
    return refusal_for(
        cat(R"({"Effect":"Allow",)", to_service, R"(,"Action":)", action, "}", more));
  };
  EXPECT_EQ(refusal(R"("sts:*")"), "");
  EXPECT_EQ(refusal(R"("*")"), "");
  EXPECT_EQ(refusal(R"(["STS:assumerole","sts:TagSession","sts:Set*"])"), "");
  EXPECT_EQ(refusal(R"("sts:AssumeRole")"), "no statement allows sts:TagSession");
  EXPECT_EQ(refusal(R"(["sts:AssumeRole","sts:TagSession"])"),
            "no statement allows sts:SetSourceIdentity");
  EXPECT_EQ(refusal(R"("sts:AssumeRoleWithSAML")"), "no statement allows sts:AssumeRole");
  // Each action can have a statement of its own.
  EXPECT_EQ(
      refusal(R"("sts:AssumeRole")", cat(R"(,{"Effect":"Allow",)", to_service,
                                         R"(,"Action":["sts:TagSession","sts:SetSource*"]})")),
      "");
}

TEST(TrustPolicy, DeniesFirst) {
  const std::string all = statement("");
  EXPECT_EQ(refusal_for(all), "");
  EXPECT_EQ(refusal_for(all + "," + statement("", "Deny")), "statement 2 denies sts:AssumeRole");
  EXPECT_EQ(
      refusal_for(all + "," + statement(R"("StringEquals":{"sts:SourceIdentity":"x"})", "Deny")),
      "");
  // A variable without a value: never a yes.
  EXPECT_EQ(refusal_for(all + "," +
                        statement(R"("StringEquals":{"sts:SourceIdentity":)"
                                  R"("${aws:PrincipalTag/a}"})",
                                  "Deny")),
            "statement 2 denies sts:AssumeRole");
}

TEST(TrustPolicy, IsForTheService) {
  const auto refusal = [](const std::string& principal) {
    return refusal_for(cat(R"({"Effect":"Allow","Principal":)", principal, ",", all_actions, "}"));
  };
  EXPECT_EQ(refusal(R"({"Service":["ec2.amazonaws.com","rolesanywhere.amazonaws.com"]})"), "");
  for (const std::string other :
       {R"({"Service":"ec2.amazonaws.com"})", R"({"AWS":"arn:aws:iam::123456789012:root"})",
        R"({"AWS":"rolesanywhere.amazonaws.com"})",
        R"({"Service":"rolesanywhere.amazonaws.com.cn"})"})
    EXPECT_EQ(refusal(other), "no statement allows sts:AssumeRole");
}

TEST(TrustPolicy, SaysWhyItRefuses) {
  EXPECT_EQ(refusal_for(statement(R"("StringEquals":{"aws:PrincipalTag/x509Subject/CN":"a",)"
                                  R"("aws:PrincipalTag/x509Subject/O":"b"})")),
            "no statement allows sts:AssumeRole; statement 1: StringEquals "
            "aws:PrincipalTag/x509Subject/CN is false, because the value is \"web\"; statement 1: "
            "StringEquals aws:PrincipalTag/x509Subject/O is false, because the request has no such "
            "key");
}

TEST(TrustPolicy, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(unknown_in("x"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(unknown_in("[]"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(unknown_in(R"({"Version":"2012-10-17","Version":"2012-10-17","Statement":[]})"),
              HasSubstr("two members of one name"));
  EXPECT_THAT(unknown_in(R"({"Statement":[]})"), HasSubstr("another Version"));
  EXPECT_THAT(unknown_in(R"({"Version":"2008-10-17","Statement":[]})"),
              HasSubstr("another Version"));
  EXPECT_THAT(unknown_in(policy_of("")), HasSubstr("has no Statement"));
  EXPECT_THAT(unknown_in(R"({"Version":"2012-10-17","Statements":[]})"),
              HasSubstr("unknown element \"Statements\""));
  const auto part = [](const std::string& members) { return unknown_in(policy_of(members)); };
  const std::string frame = cat(R"({"Effect":"Allow",)", to_service, ",", all_actions);
  EXPECT_EQ(part(frame + "}"), "known");
  EXPECT_EQ(part(frame + R"(,"Sid":"x"})"), "known");
  for (const std::string element :
       {"NotPrincipal", "NotAction", "Resource", "NotResource", "condition"})
    EXPECT_EQ(part(frame + ",\"" + element + "\":\"*\"}"),
              "file p, statement 1 has the unknown element \"" + element + "\"");
  EXPECT_THAT(part(cat("{", to_service, ",", all_actions, "}")), HasSubstr("has no Effect"));
  EXPECT_THAT(part(cat(R"({"Effect":"allow",)", to_service, ",", all_actions, "}")),
              HasSubstr("neither Allow nor Deny"));
  for (const std::string principal : {R"("*")", R"({"AWS":"*"})", R"({"Service":"*"})", "{}",
                                      R"({"Service":[]})", R"({"Service":1})", R"({"X":"y"})"})
    EXPECT_THAT(part(cat(R"({"Effect":"Allow","Principal":)", principal, ",", all_actions, "}")),
                HasSubstr("file p, statement 1"))
        << principal;
  for (const std::string action : {R"("AssumeRole")", R"("")", "[]", "1", R"("sts:${x}")"})
    EXPECT_THAT(part(cat(R"({"Effect":"Allow",)", to_service, R"(,"Action":)", action, "}")),
                HasSubstr("file p, statement 1"))
        << action;
  for (
      const std::string condition :
      {R"("NumericEquals":{"aws:SourceAccount":"1"})",
       R"("Bool":{"aws:SecureTransport":"true"})",
       R"("stringequals":{"aws:SourceAccount":"1"})",
       R"("NullIfExists":{"sts:SourceIdentity":"true"})",
       R"("ForAnyValue:Null":{"sts:SourceIdentity":"true"})",
       R"("ForSomeValues:StringEquals":{"sts:SourceIdentity":"x"})",
       R"("IpAddress":{"aws:SourceIp":"192.0.2.0/24"})",
       R"("StringEquals":{"aws:SourceIp":"x"})",
       R"("StringEquals":{"aws:PrincipalTag/":"x"})",
       R"("StringEquals":{"sts:SourceIdentity":[]})",
       R"("StringEquals":{"sts:SourceIdentity":1})",
       R"("StringEquals":"x")",
       R"("StringEquals":{"sts:SourceIdentity":true})",
       R"("Null":{"sts:SourceIdentity":"yes"})",
       R"("Null":{"sts:SourceIdentity":["true","false"]})",
       R"("StringEquals":{"sts:SourceIdentity":"${aws:username}"})",
       R"("StringEquals":{"sts:SourceIdentity":"${sts:SourceIdentity"})",
       R"("StringEquals":{"sts:SourceIdentity":"${sts:SourceIdentity, x}"})",
       R"("ArnLike":{"aws:SourceArn":"*"})",
       R"("ArnLike":{"aws:SourceArn":"arn:aws:rolesanywhere:*:${aws:SourceAccount}:trust-anchor/*"})",
       R"("StringEquals":{"sts:SourceIdentity":"a","sts:SourceIdentity":"b"})"})
    EXPECT_THAT(part(statement(condition)), HasSubstr("file p")) << condition;
}

}  // namespace
}  // namespace rolecall::emulate

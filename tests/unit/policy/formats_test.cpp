#include "policy/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "policy/hcl.h"
#include "rolecall/error.h"

namespace rolecall::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string hostile = "a\"$(id)'${aws:username}*?%{if}\\\n\r\t\x1b\x7f\u00fc\u202e";
const std::string anchor_arn = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1";

Setup example(const std::string& value = "app") {
  Setup setup;
  setup.conditions = {{"StringEquals", "aws:PrincipalTag/x509Subject/CN", {value}},
                      {"StringLike", "aws:PrincipalTag/x509Subject/OU", {"a", "a/*"}}};
  setup.role_name = "app+1";
  setup.trust_anchor_arn = anchor_arn;
  setup.region = "eu-central-1";
  setup.tags = {{"x509Subject", "CN", "app"}, {"x509Issuer", "O", "O"}, {"x509Issuer", "CN", "&"}};
  return setup;
}

// The setup creates the trust anchor.
Setup complete(const std::string& value = "app") {
  Setup setup = example(value);
  setup.trust_anchor_arn = setup.region = "";
  setup.trust_anchor_pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
  setup.source_ips = {"192.0.2.0/24"};
  return setup;
}

bool is_safe(const std::string& text) {
  for (const char c : text)
    if (c != '\n' && (c < ' ' || c > '~')) return false;
  return text.ends_with('\n');
}

TEST(JsonPolicies, AreTheDocumentsThatIamReads) {
  auto setup = example();
  EXPECT_EQ(to_text(parse_json(json_policies(setup))),
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":)"
            R"("rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession",)"
            R"("sts:SetSourceIdentity"],"Condition":{"ArnEquals":{"aws:SourceArn":")" +
                anchor_arn +
                R"("},"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"app"},"StringLike":)"
                R"({"aws:PrincipalTag/x509Subject/OU":["a","a/*"]}}}]})");
  const json trust = parse_json(json_policies(setup));
  setup.source_ips = {"192.0.2.0/24", "2001:db8::/64"};
  const json both = parse_json(json_policies(setup));
  EXPECT_EQ(both.size(), 2U);
  EXPECT_EQ(both["trustPolicy"], trust);
  EXPECT_EQ(to_text(both["permissionsPolicy"]),
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",)"
            R"("Condition":{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/64"]},)"
            R"("Bool":{"aws:ViaAWSService":"false"}}}]})");
}

TEST(Formats, AreAsciiWithoutControlCharacters) {
  for (const auto& format : {json_policies, terraform_policies, cli_policies})
    EXPECT_TRUE(is_safe(format(example(hostile)))) << format(example(hostile));
  for (const auto& format : {terraform_setup, cli_setup, cloudformation_setup}) {
    EXPECT_TRUE(is_safe(format(complete(hostile)))) << format(complete(hostile));
    EXPECT_TRUE(is_safe(format(example(hostile)))) << format(example(hostile));
  }
}

TEST(HclText, IsQuoted) {
  EXPECT_EQ(hcl_string("plain $ % {"), "\"plain $ % {\"");
  EXPECT_EQ(hcl_string(hostile),
            R"("a\"$(id)'$${aws:username}*?%%{if}\\\u000A\u000D\u0009\u001B\u007F\u00FC\u202E")");
  EXPECT_EQ(hcl_string("$${x} ${${ $%{"), R"("$$${x} $${$${ $%%{")");
  EXPECT_EQ(hcl_string("\U0001F600"), "\"\\U0001F600\"");
}

TEST(HclValue, IsInTheFormOfTerraformFmt) {
  json tree = json::object();
  tree["short"] = "1";
  tree["aws:long"] = {"a", "b"};
  tree["nested"]["on"] = true;
  tree["last"] = hcl_reference("var.x");
  EXPECT_EQ(hcl_value(tree, 2),
            "{\n"
            "    short      = \"1\"\n"
            "    \"aws:long\" = [\"a\", \"b\"]\n"
            "    nested = {\n"
            "      on = true\n"
            "    }\n"
            "    last = var.x\n"
            "  }");
}

TEST(Commands, TakeTheArnFromTheShell) {
  const std::string text = cli_policies(example("$trust_anchor_arn"));
  EXPECT_THAT(text, HasSubstr("role_name=app+1\ntrust_anchor_arn=" + anchor_arn + "\n"));
  EXPECT_THAT(text, HasSubstr(R"("aws:SourceArn":"'"$trust_anchor_arn"'"},)"));
  EXPECT_THAT(text, HasSubstr(R"(x509Subject/CN":"$trust_anchor_arn"},)"));
  EXPECT_THAT(text, Not(HasSubstr("put-role-policy")));
}

TEST(Commands, MakeEverything) {
  const std::string text = cli_setup(complete());
  EXPECT_THAT(text, HasSubstr("trust_anchor_name=app-1\n"));
  EXPECT_THAT(text, HasSubstr("create-trust-anchor --enabled"));
  EXPECT_THAT(text, HasSubstr("aws iam put-role-policy"));
  EXPECT_THAT(text, HasSubstr("delete-attribute-mapping --profile-id \"${profile_arn##*/}\" \\\n"
                              "  --certificate-field x509Issuer --specifiers CN &&\n"));
  EXPECT_THAT(cli_setup(example()), Not(HasSubstr("create-trust-anchor")));
  EXPECT_THAT(cli_setup(example()), HasSubstr("create-profile --region eu-central-1 "));
}

TEST(CloudFormation, HasMappingsWithoutRefusedTags) {
  const json all = parse_json(cloudformation_setup(complete()));
  EXPECT_EQ(to_text(all["Resources"]["Profile"]["Properties"]["AttributeMappings"]),
            R"([{"CertificateField":"x509Subject","MappingRules":[{"Specifier":"*"}]},)"
            R"({"CertificateField":"x509Issuer","MappingRules":[{"Specifier":"O"}]},)"
            R"({"CertificateField":"x509SAN","MappingRules":[{"Specifier":"DNS"},)"
            R"({"Specifier":"URI"},{"Specifier":"Name/*"}]}])");
  auto good = complete();
  good.tags.pop_back();
  EXPECT_THAT(cloudformation_setup(good), Not(HasSubstr("AttributeMappings")));
}

TEST(CloudFormation, RefusesDynamicReferences) {
  EXPECT_THROW(cloudformation_setup(complete("x{{resolve:secretsmanager:a}}")), Error);
  EXPECT_THROW(cloudformation_policies(example("{{resolve:ssm:a}}")), Error);
}

TEST(FormatWarnings, AreAboutWhatIamMayRefuse) {
  EXPECT_THAT(format_warnings(example(), true), IsEmpty());
  EXPECT_THAT(format_warnings(example("J\u00f6rg"), false), IsEmpty());
  EXPECT_THAT(format_warnings(example("J\u00f6rg"), true), ElementsAre(HasSubstr("not ASCII")));
  EXPECT_THAT(format_warnings(example(std::string(2000, 'x')), false),
              Contains(HasSubstr("the quota is 2048")));
}

TEST(ResourceName, HasOnlyWhatRolesAnywhereAllows) {
  EXPECT_EQ(resource_name("a+b=c,d.e@f-g_1"), "a-b-c-d-e-f-g_1");
}

}  // namespace
}  // namespace rolecall::policy

#include <algorithm>

#include "base/text.h"
#include "policy/documents.h"
#include "policy/formats.h"
#include "rolecall/error.h"

namespace rolecall::policy {
namespace {

// CloudFormation replaces "{{resolve:…}}" in every text, also with secrets, and has no escape.
void refuse_dynamic_references(const Setup& setup) {
  for (const Condition& condition : setup.conditions) {
    const auto found = std::find_if(
        condition.values.begin(), condition.values.end(),
        [](const std::string& one) { return one.find("{{resolve:") != std::string::npos; });
    if (found == condition.values.end()) continue;
    throw Error(ErrorKind::usage,
                cat("the certificate has the value \"", *found,
                    "\", which CloudFormation would replace with another one"),
                "use another format, or choose something else that identifies the certificate "
                "with `by`");
  }
}

json role_resource(const Setup& setup, const json& trust_anchor_arn) {
  json properties = json::object();
  properties["AssumeRolePolicyDocument"] = trust_policy(setup, trust_anchor_arn);
  if (!setup.source_ips.empty()) {
    json policy = json::object();
    policy["PolicyName"] = source_ip_policy_name;
    policy["PolicyDocument"] = source_ip_policy(setup);
    properties["Policies"] = json::array({std::move(policy)});
  }
  return {{"Type", "AWS::IAM::Role"}, {"Properties", std::move(properties)}};
}

json text_parameter(const std::string& description, const std::string& value) {
  return {{"Type", "String"}, {"Description", description}, {"Default", value}};
}

json reference_to(const char* parameter) {
  return {{"Ref", parameter}};
}

json attribute_of(const char* resource, const char* name) {
  return {{"Fn::GetAtt", json::array({resource, name})}};
}

json output_value(const json& value) {
  return {{"Value", value}};
}

json trust_anchor_resource(const Setup& setup) {
  json properties = json::object();
  properties["Name"] = reference_to("TrustAnchorName");
  properties["Enabled"] = true;
  properties["Source"]["SourceType"] = "CERTIFICATE_BUNDLE";
  properties["Source"]["SourceData"]["X509CertificateData"] = setup.trust_anchor_pem;
  return {{"Type", "AWS::RolesAnywhere::TrustAnchor"}, {"Properties", std::move(properties)}};
}

json mapping(const std::string& field, const std::vector<std::string>& specifiers) {
  json rules = json::array();
  for (const std::string& specifier : specifiers)
    rules.push_back(json{{"Specifier", specifier}});
  return {{"CertificateField", field}, {"MappingRules", std::move(rules)}};
}

// The default mappings, except that a field with a tag that STS refuses has a list of the others.
json mappings(const Setup& setup) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> defaults = {
      {"x509Subject", {"*"}}, {"x509Issuer", {"*"}}, {"x509SAN", {"DNS", "URI", "Name/*"}}};
  const auto refused = refused_specifiers(setup.tags);
  json all = json::array();
  for (const auto& [field, specifiers] : defaults) {
    // clang 14 cannot capture the binding itself.
    const auto has_field = [&name = field](const auto& one) { return one.first == name; };
    const auto found = std::find_if(refused.begin(), refused.end(), has_field);
    if (found == refused.end()) {
      all.push_back(mapping(field, specifiers));
      continue;
    }
    std::vector<std::string> others;
    for (const identity::SessionTag& tag : setup.tags)
      if (tag.field == field && identity::tag_fault(tag).empty()) others.push_back(tag.specifier);
    if (!others.empty()) all.push_back(mapping(field, others));
  }
  return all;
}

json profile_resource(const Setup& setup) {
  json properties = json::object();
  properties["Name"] = reference_to("ProfileName");
  properties["Enabled"] = true;
  properties["RoleArns"] = json::array({attribute_of("Role", "Arn")});
  if (!refused_specifiers(setup.tags).empty()) properties["AttributeMappings"] = mappings(setup);
  return {{"Type", "AWS::RolesAnywhere::Profile"}, {"Properties", std::move(properties)}};
}

json new_template(const std::string& description) {
  return {{"AWSTemplateFormatVersion", "2010-09-09"}, {"Description", description}};
}

}  // namespace

std::string cloudformation_policies(const Setup& setup) {
  refuse_dynamic_references(setup);
  json all = new_template("A role for IAM Roles Anywhere");
  all["Resources"]["Role"] = role_resource(setup, setup.trust_anchor_arn);
  return lines_of(all);
}

std::string cloudformation_setup(const Setup& setup) {
  refuse_dynamic_references(setup);
  const std::string name = resource_name(setup.role_name);
  const bool creates_anchor = setup.trust_anchor_arn.empty();
  json all = new_template(
      cat("IAM Roles Anywhere: ", creates_anchor ? "trust anchor, " : "",
          "profile and role. Needs CAPABILITY_NAMED_IAM. Add the permissions that your programs "
          "need to the role.",
          creates_anchor ? "" : cat(" Create the stack in ", setup.region, ".")));
  json& parameters = all["Parameters"];
  parameters["RoleName"] = text_parameter("The name of the IAM role", setup.role_name);
  parameters["ProfileName"] = text_parameter("The name of the IAM Roles Anywhere profile", name);
  if (creates_anchor)
    parameters["TrustAnchorName"] = text_parameter("The name of the trust anchor", name);
  else
    parameters["TrustAnchorArn"] =
        text_parameter("The ARN of the trust anchor", setup.trust_anchor_arn);

  const json anchor = creates_anchor ? attribute_of("TrustAnchor", "TrustAnchorArn")
                                     : reference_to("TrustAnchorArn");
  json& resources = all["Resources"];
  if (creates_anchor) resources["TrustAnchor"] = trust_anchor_resource(setup);
  json named_role = role_resource(setup, anchor);
  named_role["Properties"]["RoleName"] = reference_to("RoleName");
  resources["Role"] = std::move(named_role);
  resources["Profile"] = profile_resource(setup);

  json& outputs = all["Outputs"];
  outputs["TrustAnchorArn"] = output_value(anchor);
  outputs["ProfileArn"] = output_value(attribute_of("Profile", "ProfileArn"));
  outputs["RoleArn"] = output_value(attribute_of("Role", "Arn"));
  return lines_of(all);
}

}  // namespace rolecall::policy

#include "policy/documents.h"

namespace rolecall::policy {
namespace {

json one_or_all(const std::vector<std::string>& values) {
  return values.size() == 1 ? json(values.front()) : json(values);
}

json document(json statement) {
  return {{"Version", "2012-10-17"}, {"Statement", json::array({std::move(statement)})}};
}

}  // namespace

json trust_policy(const Setup& setup, const json& trust_anchor_arn) {
  // The ARN is first, so that cli_setup finds its place before any value of the certificate.
  json condition = json::object();
  condition["ArnEquals"]["aws:SourceArn"] = trust_anchor_arn;
  for (const Condition& one : setup.conditions)
    condition[one.test][one.key] = one_or_all(one.values);
  json statement = json::object();
  statement["Effect"] = "Allow";
  statement["Principal"]["Service"] = "rolesanywhere.amazonaws.com";  // in every partition
  statement["Action"] = {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"};
  statement["Condition"] = std::move(condition);
  return document(std::move(statement));
}

json source_ip_policy(const Setup& setup) {
  json statement = json::object();
  statement["Effect"] = "Deny";
  statement["Action"] = "*";
  statement["Resource"] = "*";
  statement["Condition"]["NotIpAddress"]["aws:SourceIp"] = setup.source_ips;
  // AWS services call others with addresses of their own.
  statement["Condition"]["Bool"]["aws:ViaAWSService"] = "false";
  return document(std::move(statement));
}

std::string lines_of(const json& document) {
  return document.dump(2, ' ', true, json::error_handler_t::replace) + "\n";
}

}  // namespace rolecall::policy

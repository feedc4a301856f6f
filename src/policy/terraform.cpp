#include "base/text.h"
#include "policy/documents.h"
#include "policy/formats.h"
#include "policy/hcl.h"

namespace rolecall::policy {
namespace {

std::string encoded(const json& document, std::size_t indent) {
  return cat("jsonencode(", hcl_value(document, indent), ")");
}

std::string variable_block(std::string_view name, std::string_view value,
                           std::string_view description) {
  return cat("variable \"", name, "\" {\n  description = ", hcl_string(description),
             "\n  type        = string\n  default     = ", hcl_string(value), "\n}\n\n");
}

// A heredoc with "-" may be indented. PEM has no characters that start a template.
std::string trust_anchor_block(const Setup& setup) {
  std::string pem;
  for (std::size_t at = 0; at < setup.trust_anchor_pem.size();) {
    const std::size_t end = setup.trust_anchor_pem.find('\n', at);
    pem += cat("        ", setup.trust_anchor_pem.substr(at, end - at), "\n");
    at = end + 1;
  }
  return cat(
      "resource \"aws_rolesanywhere_trust_anchor\" \"this\" {\n"
      "  name    = var.trust_anchor_name\n"
      "  enabled = true\n"
      "\n"
      "  source {\n"
      "    source_type = \"CERTIFICATE_BUNDLE\"\n"
      "    source_data {\n"
      "      x509_certificate_data = <<-EOT\n",
      pem,
      "      EOT\n"
      "    }\n"
      "  }\n"
      "}\n"
      "\n");
}

// The resource of the profile has no attribute mappings.
std::string mapping_comment(const Setup& setup) {
  std::string text;
  for (const auto& [field, specifiers] : refused_specifiers(setup.tags)) {
    if (text.empty())
      text = "# STS refuses some session tags of the certificate. After `terraform apply`, run:\n";
    text +=
        cat("#   aws rolesanywhere delete-attribute-mapping --profile-id ID \\\n"
            "#     --certificate-field ",
            field, " --specifiers ", join(specifiers, " "), "\n");
  }
  return text;
}

}  // namespace

std::string terraform_policies(const Setup& setup) {
  std::string text =
      cat("locals {\n"
          "  # For assume_role_policy of aws_iam_role.\n"
          "  trust_policy = ",
          encoded(trust_policy(setup, setup.trust_anchor_arn), 2), "\n");
  if (!setup.source_ips.empty()) {
    text += cat("\n  # For policy of aws_iam_role_policy.\n  permissions_policy = ",
                encoded(source_ip_policy(setup), 2), "\n");
  }
  return text + "}\n";
}

std::string terraform_setup(const Setup& setup) {
  const std::string name = resource_name(setup.role_name);
  const bool creates_anchor = setup.trust_anchor_arn.empty();
  std::string text =
      "terraform {\n"
      "  required_providers {\n"
      "    aws = {\n"
      "      source = \"hashicorp/aws\"\n"
      "    }\n"
      "  }\n"
      "}\n"
      "\n";
  text += variable_block("role_name", setup.role_name, "The name of the IAM role");
  text += variable_block("profile_name", name, "The name of the IAM Roles Anywhere profile");
  text +=
      creates_anchor
          ? variable_block("trust_anchor_name", name, "The name of the trust anchor")
          : variable_block("trust_anchor_arn", setup.trust_anchor_arn,
                           cat("The ARN of the trust anchor. The provider must use its region, ",
                               setup.region));
  if (creates_anchor) text += trust_anchor_block(setup);
  const std::string_view anchor =
      creates_anchor ? "aws_rolesanywhere_trust_anchor.this.arn" : "var.trust_anchor_arn";
  text +=
      cat("# Give this role the permissions that your programs need.\n"
          "resource \"aws_iam_role\" \"this\" {\n"
          "  name = var.role_name\n"
          "  assume_role_policy = ",
          encoded(trust_policy(setup, hcl_reference(anchor)), 2), "\n}\n\n");
  if (!setup.source_ips.empty()) {
    text +=
        cat("resource \"aws_iam_role_policy\" \"source_ip\" {\n"
            "  name = \"",
            source_ip_policy_name,
            "\"\n"
            "  role = aws_iam_role.this.id\n"
            "  policy = ",
            encoded(source_ip_policy(setup), 2), "\n}\n\n");
  }
  text += cat(mapping_comment(setup),
              "resource \"aws_rolesanywhere_profile\" \"this\" {\n"
              "  name      = var.profile_name\n"
              "  enabled   = true\n"
              "  role_arns = [aws_iam_role.this.arn]\n"
              "}\n"
              "\n"
              "output \"trust_anchor_arn\" {\n"
              "  value = ",
              anchor,
              "\n"
              "}\n"
              "\n"
              "output \"profile_arn\" {\n"
              "  value = aws_rolesanywhere_profile.this.arn\n"
              "}\n"
              "\n"
              "output \"role_arn\" {\n"
              "  value = aws_iam_role.this.arn\n"
              "}\n");
  return text;
}

}  // namespace rolecall::policy

#include "base/shell_word.h"
#include "base/text.h"
#include "policy/documents.h"
#include "policy/formats.h"

// The commands are for a POSIX shell, also an interactive one: there are no comments, because zsh
// does not know them there, and every text is in single quotes, where "!" has no meaning.
namespace rolecall::policy {
namespace {

std::string assignment(std::string_view name, std::string_view value) {
  return cat(name, "=", shell_word(value), "\n");
}

// "aws iam create-role". The region also says which partition's IAM is meant. Without it, the AWS
// CLI uses its own region.
std::string aws_command(const Setup& setup, std::string_view words) {
  return cat("aws ", words, setup.region.empty() ? "" : " --region ", setup.region);
}

std::string one_line(const json& document) {
  return to_log_text(document);
}

// The trust policy as one word, in which the shell puts the value of $trust_anchor_arn.
std::string trust_policy_word(const Setup& setup) {
  constexpr std::string_view variable = "$trust_anchor_arn";
  const std::string text = one_line(trust_policy(setup, std::string(variable)));
  // The first one: values of the certificate come later (documents.cpp).
  const std::size_t at = text.find(variable);
  return cat(shell_word(text.substr(0, at)), "\"", variable, "\"",
             shell_word(text.substr(at + variable.size())));
}

std::string put_source_ip_policy(const Setup& setup) {
  return cat(aws_command(setup, "iam put-role-policy"),
             " --role-name \"$role_name\" \\\n  --policy-name ", source_ip_policy_name,
             " \\\n  --policy-document ", shell_word(one_line(source_ip_policy(setup))));
}

std::string trust_anchor_word(const Setup& setup) {
  json source = json::object();
  source["sourceType"] = "CERTIFICATE_BUNDLE";
  source["sourceData"]["x509CertificateData"] = setup.trust_anchor_pem;
  return shell_word(one_line(source));
}

}  // namespace

std::string cli_policies(const Setup& setup) {
  std::string text = cat(assignment("role_name", setup.role_name),
                         assignment("trust_anchor_arn", setup.trust_anchor_arn),
                         aws_command(setup, "iam update-assume-role-policy"),
                         " --role-name \"$role_name\" \\\n"
                         "  --policy-document ",
                         trust_policy_word(setup));
  if (!setup.source_ips.empty()) text += " &&\n" + put_source_ip_policy(setup);
  return text + "\n";
}

std::string cli_setup(const Setup& setup) {
  const std::string name = resource_name(setup.role_name);
  const bool creates_anchor = setup.trust_anchor_arn.empty();
  std::string text =
      cat(assignment("role_name", setup.role_name), assignment("profile_name", name));
  if (creates_anchor) {
    text += cat(assignment("trust_anchor_name", name), "trust_anchor_arn=$(",
                aws_command(setup, "rolesanywhere create-trust-anchor"),
                " --enabled \\\n"
                "  --name \"$trust_anchor_name\" \\\n"
                "  --query trustAnchor.trustAnchorArn --output text \\\n"
                "  --source ",
                trust_anchor_word(setup), ") &&\n");
  } else {
    text += assignment("trust_anchor_arn", setup.trust_anchor_arn);
  }
  text += cat("role_arn=$(", aws_command(setup, "iam create-role"),
              " --role-name \"$role_name\" \\\n"
              "  --query Role.Arn --output text \\\n"
              "  --assume-role-policy-document ",
              trust_policy_word(setup), ") &&\n");
  if (!setup.source_ips.empty()) text += put_source_ip_policy(setup) + " &&\n";
  text += cat("profile_arn=$(", aws_command(setup, "rolesanywhere create-profile"),
              " --enabled \\\n"
              "  --name \"$profile_name\" --role-arns \"$role_arn\" \\\n"
              "  --query profile.profileArn --output text) &&\n");
  for (const auto& [field, specifiers] : refused_specifiers(setup.tags)) {
    text += cat(aws_command(setup, "rolesanywhere delete-attribute-mapping"),
                " --profile-id \"${profile_arn##*/}\" \\\n  --certificate-field ", field,
                " --specifiers ", join(specifiers, " ", shell_word), " &&\n");
  }
  return text +
         "printf '%s = \"%s\"\\n' trust-anchor-arn \"$trust_anchor_arn\" \\\n"
         "  profile-arn \"$profile_arn\" role-arn \"$role_arn\"\n";
}

}  // namespace rolecall::policy

// rolecall policy: prints the trust policy of a role for one certificate, or a complete setup.
#include "base/text.h"
#include "base/time.h"
#include "commands/all_commands.h"
#include "identity/chain.h"
#include "identity/hardware/hardware.h"
#include "identity/identity.h"
#include "identity/requirements.h"
#include "options/hardware_limit.h"
#include "options/identity_flags.h"
#include "options/options.h"
#include "policy/formats.h"
#include "policy/source_ip.h"
#include "policy/trust_anchor.h"
#include "policy/trust_policy.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using identity::Certificate;

struct CertificateWithChain {
  Certificate leaf;
  std::vector<Certificate> pool;  // the other certificates that were given
};

CertificateWithChain read_from_token(const IdentityOptions& identity, const Reporter& reporter) {
  const auto found = identity::list_tokens(identity, reporter);
  if (found.empty())
    throw Error(ErrorKind::usage, "no certificate on a token matches", "is the token present?");
  if (found.size() > 1) {
    throw Error(ErrorKind::usage,
                cat(found.size(), " certificates on tokens match, and a policy is for one"),
                "to list them, run: rolecall read-certificate-data --certificate pkcs11:");
  }
  return {found.front().certificate, found.front().certificates_on_token};
}

std::vector<Certificate> read_all_certificates(const std::string& path,
                                               const IdentityOptions& identity) {
  IdentityOptions options = identity;
  options.certificate = path;
  return identity::load_certificates(options, wall_clock());
}

CertificateWithChain read_certificate_and_chain(const Settings& settings) {
  const IdentityOptions identity = identity_flags(settings);
  CertificateWithChain result = [&]() -> CertificateWithChain {
    if (identity::certificate_is_on_token(identity))
      return read_from_token(identity, settings.reporter());
    if (identity.certificate.empty()) throw settings.missing("--certificate");
    std::vector<Certificate> all = identity::load_certificates(identity, wall_clock());
    return {all.front(), std::move(all)};
  }();
  if (settings.is_not_empty("intermediates")) {
    for (Certificate& one : read_all_certificates(settings.text("intermediates"), identity))
      result.pool.push_back(std::move(one));
  }
  return result;
}

policy::IdentifyBy identify_by(const Settings& settings) {
  const std::string by = settings.text("by");
  if (by == "uri") return policy::IdentifyBy::uri;
  if (by == "cn") return policy::IdentifyBy::common_name;
  if (by == "dns") return policy::IdentifyBy::dns;
  if (by == "source-identity") return policy::IdentifyBy::source_identity;
  if (by == "subject") return policy::IdentifyBy::subject;
  return policy::IdentifyBy::best;
}

void take_role_name(const Settings& settings, policy::Setup& setup) {
  setup.role_name = settings.text("role-name");
  if (setup.role_name.empty()) throw settings.missing("--role-name");
  if (setup.role_name.size() <= 64 && only(setup.role_name, letters_and_digits, "_+=,.@-")) return;
  throw Error(ErrorKind::usage, cat("`role-name` \"", setup.role_name, "\" is not valid"),
              "the name of a role has 1 to 64 letters, digits and _+=,.@-");
}

// Either the ARN of a trust anchor that exists, or the certificates of the one to create. Returns
// these certificates.
std::vector<Certificate> take_trust_anchor(const Settings& settings, policy::Setup& setup) {
  const std::string path = settings.text("trust-anchor");
  setup.trust_anchor_arn = settings.text("trust-anchor-arn");
  if (!path.empty() && !settings.is_on("setup")) {
    throw Error(ErrorKind::usage, "`trust-anchor` can be used only with `setup`",
                "without `setup`, name the trust anchor with `trust-anchor-arn`");
  }
  if (!path.empty() && !setup.trust_anchor_arn.empty()) {
    throw Error(ErrorKind::usage, "`trust-anchor` and `trust-anchor-arn` cannot be used together",
                "`trust-anchor` creates a trust anchor, `trust-anchor-arn` names one that exists");
  }
  if (path.empty()) {
    if (setup.trust_anchor_arn.empty()) {
      throw settings.missing(settings.is_on("setup") ? "--trust-anchor or --trust-anchor-arn"
                                                     : "--trust-anchor-arn");
    }
    setup.region = policy::region_of_trust_anchor(setup.trust_anchor_arn);
    return {};
  }
  std::vector<Certificate> anchors = read_all_certificates(path, {});
  setup.trust_anchor_pem = policy::trust_anchor_pem(anchors, path);
  return anchors;
}

void warn_about_chain(const CertificateWithChain& given, const std::vector<Certificate>& anchors,
                      const std::string& anchor_file) {
  const auto now = wall_clock();
  const auto chain = identity::order_chain(given.leaf, given.pool, now, {});
  for (const std::string& clause : identity::check_requirements(given.leaf, chain, now).unmet)
    print_warning("IAM Roles Anywhere will refuse the certificate: " + clause);
  if (!anchors.empty() && !policy::leads_to_anchor(given.leaf, chain, anchors)) {
    print_warning(cat("the chain of certificate ", given.leaf.name(),
                      " does not lead to trust anchor file ", anchor_file,
                      ": if there are intermediates, name them with `intermediates`"));
  }
}

std::string policy_text(const policy::Setup& setup, const std::string& format, bool is_setup) {
  if (format == "terraform")
    return is_setup ? policy::terraform_setup(setup) : policy::terraform_policies(setup);
  if (format == "cloudformation")
    return is_setup ? policy::cloudformation_setup(setup) : policy::cloudformation_policies(setup);
  if (format == "cli") return is_setup ? policy::cli_setup(setup) : policy::cli_policies(setup);
  return policy::json_policies(setup);
}

void run_policy(const Settings& settings, const CommandLine& /*line*/) {
  const std::string format = settings.text("format");
  const bool is_setup = settings.is_on("setup");
  if (is_setup && format == "json") {
    throw Error(ErrorKind::usage, "`setup` cannot be used with `format` json",
                "choose `format` terraform, cloudformation or cli");
  }
  exit_if_hardware_hangs(settings);
  policy::Setup setup;
  if (is_setup || format == "cli") take_role_name(settings, setup);
  const std::vector<Certificate> anchors = take_trust_anchor(settings, setup);
  const policy::SourceIps source_ips = policy::check_source_ips(settings.all("source-ip"));
  setup.source_ips = source_ips.networks;

  const CertificateWithChain given = read_certificate_and_chain(settings);
  const policy::TrustConditions trust =
      policy::trust_conditions(given.leaf, identify_by(settings), settings.is_on("like"));
  setup.conditions = trust.all;
  setup.tags = identity::session_tags(given.leaf);
  const std::string text = policy_text(setup, format, is_setup);

  const bool rewrites_text = format == "terraform" || format == "cloudformation";
  for (const auto& warnings :
       {trust.warnings, policy::format_warnings(setup, rewrites_text), source_ips.warnings}) {
    for (const std::string& warning : warnings)
      print_warning(warning);
  }
  warn_about_chain(given, anchors, settings.text("trust-anchor"));
  print_result(text);
}

constexpr const char* policy_group = "Policy";
constexpr const char* setup_group = "Setup";

constexpr auto policy_options = joined(
    std::array<Option, 2>{{
        explained(certificate_option,
                  "The certificate: the first one of a PEM file, or that of the key in a PKCS#12 "
                  "file. FILE can also be \"-\" (standard input), fd:N (the open descriptor N), "
                  "a pkcs11: URI or spiffe: (a SPIFFE agent). Required unless a binding sets it, "
                  "or --cert-selector is used."),
        {.name = "intermediates",
         .kind = Kind::input,
         .group = certificate_group,
         .value = "FILE",
         .help = "The intermediate certificates. rolecall only checks the chain with them."},
    }},
    std::array<Option, 9>{{
        {.name = "trust-anchor-arn",
         .kind = Kind::word,
         .group = policy_group,
         .value = "ARN",
         .help = "The trust anchor whose certificates may assume the role. Required unless a "
                 "binding sets it, or --setup creates a trust anchor.",
         .limits = "An alias ARN is an error, because policies compare only the canonical ARN.",
         .provides = "trust anchor"},
        {.name = "by",
         .kind = Kind::choice,
         .group = policy_group,
         .help = "What identifies the certificate: the first URI of its SAN, its CN, the first "
                 "DNS name of its SAN, the source identity, or all attributes of its subject.",
         .default_text = "uri, otherwise cn, otherwise dns",
         .choices = "uri|cn|dns|source-identity|subject"},
        {.name = "like",
         .kind = Kind::toggle,
         .group = policy_group,
         .help = "Allow the group of the certificate: every SPIFFE ID below the parent of its "
                 "path, or every certificate with its OU. A warning says which certificates these "
                 "are."},
        {.name = "source-ip",
         .group = policy_group,
         .value = "CIDR",
         .help = "Also make a policy for the permissions of the role. It denies all requests from "
                 "other addresses than these, except requests that AWS services send for you. "
                 "Requests through a VPC endpoint are denied too.",
         .repeatable = true},
        {.name = "setup",
         .kind = Kind::toggle,
         .group = setup_group,
         .help = "Print everything that AWS needs: trust anchor, profile, role and policies. Needs "
                 "--role-name, and --trust-anchor or --trust-anchor-arn."},
        {.name = "role-name",
         .kind = Kind::word,
         .group = setup_group,
         .value = "NAME",
         .help = "The name of the role. Required with --setup and with --format cli.",
         .limits = "Allowed: 1 to 64 letters, digits and _+=,.@-."},
        {.name = "trust-anchor",
         .kind = Kind::path,
         .group = setup_group,
         .value = "FILE",
         .help = "With --setup: create a trust anchor from the CA certificates in this PEM file.",
         .limits = "A trust anchor has at most 2 certificates.",
         .provides = "trust anchor",
         .chooses_settings = true},
        {.name = "format",
         .kind = Kind::choice,
         .group = output_group,
         .help = "The form of the output. json is the trust policy. With --source-ip, json is an "
                 "object with trustPolicy and permissionsPolicy. cli is a list of commands of the "
                 "AWS CLI for a shell.",
         .default_value = "json",
         .choices = "json|terraform|cloudformation|cli"},
        debug_option.front(),
    }},
    selector_options, password_options);

}  // namespace

constinit const Command policy_command = {
    .name = "policy",
    .summary = "Print the trust policy of a role for a certificate",
    .description =
        "With this trust policy, only the certificate, and its successors with the same names and "
        "the same issuer, can assume the role. Warnings say which other certificates can do so "
        "too, and what the profile needs. This command does not use the network and needs no "
        "private key.",
    .footer =
        "Examples:\n"
        "  rolecall policy --certificate app.pem \\\n"
        "    --trust-anchor-arn ARN\n"
        "  rolecall policy --certificate app.pem --setup \\\n"
        "    --role-name app --trust-anchor root.pem \\\n"
        "    --format terraform > app.tf\n"
        "\n"
        "To try the policy before you apply it:\n"
        "  rolecall policy --binding app > policy.json\n"
        "  rolecall emulate --trust-anchor root.pem \\\n"
        "    --trust-policy policy.json",
    .options = {policy_options, configuration_options, binding_option},
    .run = run_policy,
};

}  // namespace rolecall::cli

#include "doctor/certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/openssl.h"
#include "base/text.h"
#include "base/time.h"
#include "identity/requirements.h"
#include "identity/session_tags.h"

namespace rolecall::doctor {
namespace {

using identity::Certificate;
using std::chrono::sys_seconds;

using DistributionPointsPtr = std::unique_ptr<CRL_DIST_POINTS, OpensslDelete<CRL_DIST_POINTS_free>>;

constexpr const char* hint_for_new_certificate =
    "ask the issuer for a new certificate; rolecall read-certificate-data --format text shows this "
    "one";

std::vector<std::string> crl_urls(const Certificate& leaf) {
  const DistributionPointsPtr points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(leaf.x509(), NID_crl_distribution_points, nullptr, nullptr)));
  ERR_clear_error();
  std::vector<std::string> urls;
  for (int i = 0; points && i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT_NAME* name = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (name == nullptr || name->type != 0) continue;
    for (int n = 0; n < sk_GENERAL_NAME_num(name->name.fullname); ++n) {
      const GENERAL_NAME* full = sk_GENERAL_NAME_value(name->name.fullname, n);
      if (full->type != GEN_URI) continue;
      const ASN1_IA5STRING* url = full->d.uniformResourceIdentifier;
      urls.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(url)),
                        static_cast<std::size_t>(ASN1_STRING_length(url)));
    }
  }
  return urls;
}

// An agent renews a certificate in the middle of its life. If most of it is gone, something is
// wrong.
void check_expiry_at_agent(Findings& findings, const Certificate& leaf, const std::string& when,
                           sys_seconds now) {
  if (leaf.not_after() - now < (leaf.not_after() - leaf.not_before()) / 4) {
    findings.warn(when + ", and the SPIFFE agent has not renewed it yet",
                  "can the agent reach its server? its log says more");
  } else {
    findings.fact(when + "; the SPIFFE agent renews it");
  }
}

void check_expiry(Findings& findings, const Material& material, const SessionOptions& session,
                  sys_seconds now, long warn_days) {
  const Certificate& leaf = *material.leaf;
  const sys_seconds end = leaf.not_after();
  if (end < now || leaf.not_before() > now) return;  // an unmet requirement says so
  const auto left = end - now;
  const std::string when = cat("expires in ", largest_unit_text(left), ", at ", rfc3339(end));
  if (material.agent_renews) return check_expiry_at_agent(findings, leaf, when, now);
  if (left < session.session_duration) {
    findings.warn(when + ", which is before the end of a session that begins now",
                  hint_for_new_certificate);
  } else if (left < std::chrono::days(warn_days)) {
    findings.warn(when, hint_for_new_certificate);
  } else {
    findings.fact(when);
  }
}

}  // namespace

Check check_certificate(const Material& material, const SessionOptions& session, sys_seconds now,
                        long warn_days) {
  Findings findings;
  if (material.certificate_error) {
    findings.fail(*material.certificate_error);
    return findings.check("certificate");
  }
  if (!material.leaf) return skipped("certificate", "it cannot be read without the key (see key)");
  const Certificate& leaf = *material.leaf;
  const identity::Requirements found = identity::check_requirements(leaf, {}, now);
  for (const std::string& clause : found.unmet)
    findings.fail(clause, hint_for_new_certificate);
  const std::string tags = identity::refused_tags(leaf);  // the check of tags says so
  for (const std::string& clause : found.doubtful) {
    if (clause != tags)
      findings.warn(clause + ", which the service may refuse", hint_for_new_certificate);
  }
  check_expiry(findings, material, session, now, warn_days);
  findings.fact(leaf.name());
  const bool is_named = !session.role_session_name.empty();
  findings.fact(cat("in CloudTrail: session name ",
                    is_named ? session.role_session_name : identity::session_name(leaf),
                    ", source identity ", identity::source_identity(leaf)));
  if (const std::vector<std::string> urls = crl_urls(leaf); !urls.empty())
    findings.fact("CRL " + list_text(urls, "and") + " (the service reads only imported CRLs)");
  return findings.check("certificate");
}

Check check_tags(const Material& material) {
  if (!material.leaf) return skipped("tags", "there is no certificate (see certificate)");
  const std::vector<identity::SessionTag> tags = identity::session_tags(*material.leaf);
  Findings findings;
  std::vector<identity::SessionTag> refused;
  std::vector<std::string> faults;
  constexpr std::size_t longest_shown = 100;
  for (const identity::SessionTag& tag : tags) {
    const std::string fault = identity::tag_fault(tag);
    if (fault.empty()) continue;
    const bool is_long = tag.value.size() > longest_shown;
    faults.push_back(cat(tag.key(), " \"", tag.value.substr(0, longest_shown), is_long ? "…" : "",
                         "\" ", fault));
    refused.push_back(tag);
  }
  if (!refused.empty()) {
    findings.warn(
        cat("STS does not allow ", refused.size() == 1 ? "this session tag" : "these tags", ": ",
            join(faults, ", ")),
        identity::remedy_for(refused));
  } else if (const std::string text = identity::refused_tags(*material.leaf); !text.empty()) {
    findings.warn(text,
                  "use a certificate with fewer attributes, or remove mappings from the "
                  "profile: aws rolesanywhere delete-attribute-mapping");
  }
  findings.fact(cat(tags.size(), " session tags with the default mappings: ",
                    join(tags, ", ", [](const identity::SessionTag& tag) { return tag.key(); })));
  return findings.check("tags");
}

}  // namespace rolecall::doctor

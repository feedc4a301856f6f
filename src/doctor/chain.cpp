#include <openssl/x509v3.h>

#include <string>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "base/time.h"
#include "doctor/certificate.h"
#include "identity/chain.h"
#include "identity/identity.h"
#include "identity/requirements.h"

namespace rolecall::doctor {
namespace {

using identity::Certificate;
using std::chrono::sys_seconds;

// A path length says how many intermediates may be below a CA (RFC 5280, 4.2.1.9). `chain` begins
// with the issuer of the leaf.
void check_path_lengths(Findings& findings, const std::vector<Certificate>& chain) {
  long below = 0;
  for (const Certificate& issuer : chain) {
    const long longest = X509_get_pathlen(issuer.x509());
    if (longest >= 0 && below > longest) {
      findings.fail(cat("the path length of ", issuer.name(), " allows ", longest,
                        " intermediates below it, but there are ", below),
                    "ask the owner of this CA for an intermediate with a longer path length");
    }
    if (!issuer.self_issued()) ++below;
  }
}

// Whether the trust anchor is the issuer of any certificate of the chain.
void check_against_anchor(Findings& findings, const Material& material,
                          const std::vector<Certificate>& chain, const Source& file,
                          sys_seconds now) {
  std::vector<Certificate> anchors;
  try {
    IdentityOptions options;
    options.certificate = file;
    anchors = identity::load_certificates(options, now);
  } catch (const Error& error) {
    return findings.fail(error);
  }
  const Certificate* anchor = identity::anchor_of(*material.leaf, anchors);
  std::vector<Certificate> path;
  for (const Certificate& issuer : chain) {
    if (anchor != nullptr) break;
    path.push_back(issuer);
    anchor = identity::anchor_of(issuer, anchors);
  }
  if (anchor == nullptr) {
    const Certificate& top = chain.empty() ? *material.leaf : chain.back();
    return findings.fail(cat("the chain does not reach the trust anchor ", file.name(),
                             ": it ends at ", top.name(), ", whose issuer is ", top.issuer()),
                         "give the certificate of that issuer with `intermediates`, or use the "
                         "trust anchor that has "
                         "this CA");
  }
  path.push_back(*anchor);
  check_path_lengths(findings, path);
  const identity::Requirements found = identity::check_requirements(*material.leaf, {*anchor}, now);
  const std::size_t of_leaf = identity::check_requirements(*material.leaf, {}, now).unmet.size();
  for (std::size_t i = of_leaf; i < found.unmet.size(); ++i)
    findings.fail(found.unmet[i] + " (the trust anchor)", "use another CA as the trust anchor");
  findings.fact("it reaches the trust anchor " + anchor->name());
}

}  // namespace

Check check_chain(const Material& material, const Source& trust_anchor, sys_seconds now) {
  if (!material.leaf) return skipped("chain", "there is no certificate (see certificate)");
  const Certificate& leaf = *material.leaf;
  Findings findings;
  if (material.intermediates_error) findings.fail(*material.intermediates_error);
  Reporter reporter;
  reporter.warn = [&findings](std::string_view text) {
    findings.warn(std::string(text),
                  "give only the certificates from the issuer of this certificate up to the trust "
                  "anchor");
  };
  const std::vector<Certificate> chain =
      identity::order_chain(leaf, material.certificates, now, reporter);

  // The requirements of the leaf come first; the check of the certificate has them.
  const std::size_t of_leaf = identity::check_requirements(leaf, {}, now).unmet.size();
  const identity::Requirements found = identity::check_requirements(leaf, chain, now);
  for (std::size_t i = of_leaf; i < found.unmet.size(); ++i)
    findings.fail(found.unmet[i],
                  "ask the CA that issued this intermediate for a new intermediate that meets the "
                  "requirement");

  if (trust_anchor.empty()) {
    check_path_lengths(findings, chain);
  } else {
    check_against_anchor(findings, material, chain, trust_anchor, now);
  }
  if (leaf.self_signed()) {
    findings.warn("the certificate is self-signed, so a trust anchor must have this certificate",
                  "use a certificate that a CA has issued");
  } else if (chain.empty()) {
    findings.fact("no intermediate is sent");
    if (trust_anchor.empty()) findings.fact("the trust anchor must be " + leaf.issuer());
  } else {
    findings.fact(cat(chain.size(),
                      chain.size() == 1 ? " intermediate is sent: " : " intermediates are sent: ",
                      join(chain, ", ", [](const Certificate& one) { return one.name(); })));
    if (trust_anchor.empty()) findings.fact("the trust anchor must be " + chain.back().issuer());
  }
  return findings.check("chain");
}

}  // namespace rolecall::doctor

#include "policy/trust_anchor.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "aws/arn.h"
#include "aws/endpoint.h"
#include "base/openssl.h"
#include "base/text.h"
#include "identity/chain.h"
#include "rolecall/error.h"

namespace rolecall::policy {

using identity::Certificate;

std::string region_of_trust_anchor(const std::string& arn) {
  const aws::Arn parts = aws::parse_trust_anchor_arn(arn);
  aws::check_region(parts.partition, parts.region);
  if (parts.resource.starts_with("alias/")) {
    throw Error(
        ErrorKind::usage,
        cat("`trust-anchor-arn` \"", arn,
            "\" is an alias ARN, and policies compare only the canonical ARN, which has an "
            "id"),
        cat("to find the canonical ARN, run: aws rolesanywhere list-trust-anchors --region ",
            parts.region));
  }
  return parts.region;
}

std::string trust_anchor_pem(const std::vector<Certificate>& certificates,
                             const std::string& name) {
  constexpr std::size_t most = 2;  // IAM Roles Anywhere, "Quotas"
  if (certificates.size() > most) {
    throw Error(ErrorKind::usage,
                cat("trust anchor file ", name, " has ", certificates.size(),
                    " certificates, and a trust anchor has at most ", most),
                "keep only the certificates of the CA that the service must trust");
  }
  std::string pem;
  for (const Certificate& certificate : certificates) {
    if (X509_check_ca(certificate.x509()) != 1) {
      throw Error(ErrorKind::usage,
                  cat("certificate ", certificate.name(), " in trust anchor file ", name,
                      " is not one of a CA"),
                  "a trust anchor needs the certificate of a CA (CA:TRUE), such as the root");
    }
    pem +=
        bio_text([&certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate.x509()); });
  }
  return pem;
}

bool leads_to_anchor(const Certificate& leaf, const std::vector<Certificate>& chain,
                     const std::vector<Certificate>& anchors) {
  const auto is_below = [&anchors](const Certificate& one) {
    return identity::anchor_of(one, anchors) != nullptr;
  };
  return is_below(leaf) || std::any_of(chain.begin(), chain.end(), is_below);
}

}  // namespace rolecall::policy

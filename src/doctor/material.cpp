#include "doctor/material.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "identity/hardware/hardware.h"
#include "identity/identity.h"

namespace rolecall::doctor {
namespace {

using identity::Certificate;

std::optional<Certificate> likely_leaf(const std::vector<Certificate>& certificates) {
  const auto leaf =
      std::find_if(certificates.begin(), certificates.end(),
                   [](const Certificate& one) { return X509_check_ca(one.x509()) == 0; });
  if (leaf != certificates.end()) return *leaf;
  return certificates.empty() ? std::nullopt : std::optional(certificates.front());
}

// The certificates by themselves, without the key. Asks for no password.
std::vector<Certificate> certificates_alone(IdentityOptions options, std::chrono::sys_seconds now) {
  options.password = nullptr;
  if (!identity::certificate_is_on_token(options)) return identity::load_certificates(options, now);
  std::vector<Certificate> found;
  for (identity::TokenCertificate& one : identity::list_tokens(options, {}))
    found.push_back(std::move(one.certificate));
  return found;
}

// As load_identity_parts does, so that the chain can be checked although the key cannot be used.
void add_intermediates(Material& material, const IdentityOptions& options,
                       std::chrono::sys_seconds now) {
  const Source& file = options.intermediates;
  if (file.empty() || file == options.certificate || !file.can_be_read_again()) return;
  IdentityOptions intermediates = options;
  intermediates.certificate = file;
  intermediates.selector = std::nullopt;
  try {
    for (Certificate& one : certificates_alone(intermediates, now))
      material.certificates.push_back(std::move(one));
  } catch (const Error& error) {
    material.intermediates_error = error;
  }
}

// Finds out whether `error` is about the certificate or about the key, and loads the other one.
void load_separately(Material& material, const IdentityOptions& options, const Error& error,
                     std::chrono::sys_seconds now, const Reporter& reporter) {
  if (options.certificate.empty() && !options.selector) {
    material.certificate_error = Error(ErrorKind::usage, "no certificate is given",
                                       "give the file of the certificate with `certificate`");
  } else if (material.agent_renews) {
    material.certificate_error = error;  // the agent gives all or nothing
  } else if (options.certificate.can_be_read_again()) {
    try {
      material.certificates = certificates_alone(options, now);
      material.leaf = likely_leaf(material.certificates);
      add_intermediates(material, options, now);
      if (material.certificates.empty()) material.certificate_error = error;
    } catch (const Error& other) {
      if (std::string_view(other.what()) == error.what()) material.certificate_error = error;
    }
  }
  if (!material.certificate_error) {
    material.key_error = error;
    return;
  }
  if (options.private_key.empty() || !options.private_key.can_be_read_again()) return;
  IdentityOptions key_only = options;
  key_only.certificate = {};
  key_only.selector = std::nullopt;
  try {
    material.signer = identity::load_signer(key_only, reporter);
  } catch (const Error& other) {
    material.key_error = other;
  }
}

}  // namespace

Material load_material(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& given, Deadline& deadline) {
  // A signer on a token keeps the functions below, so they must not refer to this call.
  struct Seen {
    std::vector<std::string> warnings;
    TriesLeft tries_left = TriesLeft::unknown;
  };
  const auto seen = std::make_shared<Seen>();
  Reporter reporter;
  reporter.debug = given.debug;
  reporter.warn = [seen](std::string_view text) {
    if (std::find(seen->warnings.begin(), seen->warnings.end(), text) == seen->warnings.end())
      seen->warnings.emplace_back(text);
  };
  IdentityOptions watched = options;
  if (options.password) {
    watched.password = [seen, ask = options.password](const PasswordRequest& request) {
      seen->tries_left = request.tries_left;
      return ask(request);
    };
  }
  Material material;
  material.agent_renews = options.certificate.kind() == Source::Kind::spiffe;
  try {
    identity::IdentityParts parts = identity::load_identity_parts(watched, now, reporter, deadline);
    material.leaf = std::move(parts.leaf);
    material.certificates = std::move(parts.certificates);
    material.signer = std::move(parts.signer);
    material.intermediates_error = std::move(parts.intermediates_error);
    material.matches = true;
  } catch (const Error& error) {
    load_separately(material, watched, error, now, reporter);
  }
  material.warnings = seen->warnings;
  material.tries_left = seen->tries_left;
  return material;
}

}  // namespace rolecall::doctor

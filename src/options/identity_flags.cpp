#include "options/identity_flags.h"

#include <array>

#include "base/spiffe_source.h"
#include "base/text.h"
#include "options/environment.h"
#include "options/password.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

void refuse_shared_descriptor(const Settings& settings, const IdentityOptions& identity) {
  const std::string text = settings.text("password-source");
  if (parse_password_spec(text).kind != PasswordSpec::Kind::descriptor) return;
  const Source password(text);
  const std::array<std::pair<const char*, const Source*>, 3> files = {{
      {"--certificate", &identity.certificate},
      {"--private-key", &identity.private_key},
      {"--intermediates", &identity.intermediates},
  }};
  for (const auto& [name, value] : files) {
    if (*value != password) continue;
    throw Error(ErrorKind::usage,
                std::string(name) + " and --password-source are the same descriptor",
                "each of them needs a descriptor of its own");
  }
}

void refuse_both(const Settings& settings, const char* one, const char* other) {
  if (!settings.has(one) || !settings.has(other)) return;
  throw Error(ErrorKind::usage,
              std::string("--") + one + " and --" + other + " cannot be used together");
}

}  // namespace

Source certificate_source(const std::string& text) {
  constexpr const char* variable = "SPIFFE_ENDPOINT_SOCKET";
  if (!is_spiffe_source(text) || parse_spiffe_source(text).names_agent()) return text;
  const std::string endpoint = environment(variable);
  if (endpoint.empty()) {
    throw Error(
        ErrorKind::usage,
        cat("`certificate` ", text, " names no SPIFFE agent, and ", variable, " is not set"),
        "set the variable, or name the agent's socket: "
        "spiffe:unix:///run/spire/agent.sock");
  }
  try {
    return with_spiffe_endpoint(text, endpoint);
  } catch (const Error& error) {
    throw Error(error.kind(), cat("environment variable ", variable, ": ", error.what()),
                error.hint());
  }
}

IdentityOptions identity_flags(const Settings& settings) {
  const auto has = [&settings](const char* name) {
    return find_option(settings.command(), name) != nullptr;
  };
  IdentityOptions identity;
  identity.certificate = certificate_source(settings.text("certificate"));
  identity.pkcs11_module = settings.text("pkcs11-lib");
  identity.pkcs12_entry = settings.text("pkcs12-entry");
  if (has("private-key")) {  // otherwise the command reads only a certificate
    identity.private_key = settings.text("private-key");
    identity.intermediates = settings.text("intermediates");
    identity.use_latest = settings.is_on("use-latest-expiring-certificate");
    identity.reuse_pin = settings.is_on("reuse-pin");
    identity.tpm_key_has_no_password = settings.is_on("no-tpm-key-password");
  }
  refuse_shared_descriptor(settings, identity);
  if (settings.has("cert-selector")) {
    identity.selector = parse_selector(settings.text("cert-selector"));
    if (!identity.certificate.empty()) refuse_both(settings, "certificate", "cert-selector");
  }
  if (identity.tpm_key_has_no_password)
    refuse_both(settings, "tpm-key-password", "no-tpm-key-password");
  refuse_both(settings, "pkcs8-password", "password-source");
  refuse_both(settings, "tpm-key-password", "password-source");
  identity.password =
      password_source(settings.text("password-source"),
                      {settings.secret("pkcs8-password"),
                       has("tpm-key-password") ? settings.secret("tpm-key-password") : nullptr},
                      settings.reporter());
  return identity;
}

}  // namespace rolecall::cli

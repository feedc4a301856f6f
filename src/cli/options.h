// The options that several commands have, with the official helper's names.
#pragma once

#include <algorithm>
#include <array>

#include "cli/option.h"

namespace rolecall::cli {

// One list of several, for a command's row or a longer list.
template <std::size_t... Sizes>
constexpr std::array<Option, (Sizes + ...)> joined(const std::array<Option, Sizes>&... lists) {
  std::array<Option, (Sizes + ...)> all{};
  auto* next = all.begin();
  ((next = std::copy(lists.begin(), lists.end(), next)), ...);
  return all;
}

inline constexpr const char* certificate_group = "Who asks";
inline constexpr const char* resources_group = "For what";
inline constexpr const char* endpoint_group = "Where to ask";
inline constexpr const char* network_group = "How to get there";
inline constexpr const char* cache_group = "How often to ask";
inline constexpr const char* configuration_group = "Values for these flags";

// Of every command that reads the configuration file.
inline constexpr std::array<Option, 2> configuration_options = {{
    {.name = "config",
     .kind = Kind::path,
     .group = configuration_group,
     .value = "FILE",
     .help = "TOML file with values for flags: role-arn = \"arn:…\". Default:\n"
             "$ROLECALL_CONFIG, else ~/.config/rolecall/config.toml, else\n"
             "/etc/rolecall/config.toml. Variables come before it, as\n"
             "ROLECALL_ROLE_ARN for --role-arn"},
    {.name = "quiet",
     .kind = Kind::toggle,
     .group = configuration_group,
     .help = "No warnings on standard error; errors are shown"},
}};

inline constexpr std::array<Option, 1> binding_option = {{
    {.name = "binding",
     .group = configuration_group,
     .value = "NAME",
     .help = "Take them from its table [binding.NAME] first"},
}};

inline constexpr std::array<Option, 1> debug_option = {{
    {.name = "debug", .kind = Kind::toggle, .help = "Show each step on stderr; never a secret"},
}};

// Of certificates on tokens.
inline constexpr std::array<Option, 2> selector_options = {{
    {.name = "cert-selector",
     .kind = Kind::selector,
     .group = certificate_group,
     .value = "SELECTOR",
     .help = "In place of --certificate: the certificate on any PKCS#11 token\n"
             "that is \"Key=x509Subject,Value=CN=x Key=x509Issuer,Value=CN=y\n"
             "Key=x509Serial,Value=1F\" or what file://selector.json says"},
    {.name = "pkcs11-lib",
     .kind = Kind::library,
     .group = certificate_group,
     .value = "FILE",
     .help = "PKCS#11 module to use. Default: all that p11-kit knows"},
}};

inline constexpr std::array<Option, 3> password_options = {{
    {.name = "password-source",
     .kind = Kind::source,
     .group = certificate_group,
     .value = "SOURCE",
     .help = "Where the key's password or PIN is: file:PATH, env:NAME, fd:N,\n"
             "credential:NAME (of systemd) or command:WORDS (run without a\n"
             "shell). Default: asked for on the terminal"},
    {.name = "pkcs8-password",
     .kind = Kind::secret,
     .group = certificate_group,
     .value = "PASSWORD",
     .help = "The password itself; every user of the machine can read it"},
    {.name = "pkcs12-entry",
     .group = certificate_group,
     .value = "NAME",
     .help = "Of several keys in a PKCS#12 file the one with this friendlyName\n"
             "(alias), or whose certificate has this subject"},
}};

// Of Windows' stores: it changes nothing elsewhere, in the official helper either.
inline constexpr std::array<Option, 1> ignored_options = {{
    {.name = "system-store-name", .kind = Kind::unused},
}};

inline constexpr std::array<Option, 2> tpm_options = {{
    {.name = "tpm-key-password",
     .kind = Kind::secret,
     .group = certificate_group,
     .value = "PASSWORD",
     .help = "The TPM key's; every user of the machine can read it"},
    {.name = "no-tpm-key-password",
     .kind = Kind::toggle,
     .group = certificate_group,
     .help = "The TPM key has none (that of a handle is asked for otherwise)"},
}};

inline constexpr std::array<Option, 2> token_options = {{
    {.name = "use-latest-expiring-certificate",
     .kind = Kind::toggle,
     .group = certificate_group,
     .help = "Of several on tokens the one that is valid and ends last"},
    {.name = "reuse-pin",
     .kind = Kind::toggle,
     .group = certificate_group,
     .help = "The token's PIN is also that of a key that wants one for each\n"
             "signature. Default: asked for by itself"},
}};

inline constexpr std::array<Option, 3> file_options = {{
    {.name = "certificate",
     .kind = Kind::input,
     .group = certificate_group,
     .value = "FILE",
     .help = "Required. PEM file with the certificate; may hold its chain and\n"
             "its key too, in any order. Or a PKCS#12 file, which holds all\n"
             "three. - for standard input, fd:N for an open descriptor (all three\n"
             "flags). Or a pkcs11: URI: the key is looked for on the same token"},
    {.name = "private-key",
     .kind = Kind::input,
     .group = certificate_group,
     .value = "FILE",
     .help = "Required unless the certificate's file or token holds it. PEM file\n"
             "with its private key: PKCS#8, PKCS#1 or SEC1, encrypted or not; RSA\n"
             "of 2048 to 8192 bits, P-256, P-384 or P-521. Or a pkcs11: URI, a\n"
             "TPM's key (TSS2 PRIVATE KEY), or handle:0x81000001 of the TPM"},
    {.name = "intermediates",
     .kind = Kind::input,
     .group = certificate_group,
     .value = "FILE",
     .help = "PEM or PKCS#7 file with the certificates between it and the trust\n"
             "anchor"},
}};

// All that say who asks.
inline constexpr auto identity_options = joined(file_options, selector_options, token_options,
                                                password_options, tpm_options, ignored_options);

// What a session is asked for with, and how.
inline constexpr std::array<Option, 15> session_options = {{
    {.name = "role-arn",
     .kind = Kind::word,
     .group = resources_group,
     .value = "ARN",
     .help = "Required. The IAM role to assume"},
    {.name = "profile-arn",
     .kind = Kind::word,
     .group = resources_group,
     .value = "ARN",
     .help = "Required. The Roles Anywhere profile that lists the role"},
    {.name = "trust-anchor-arn",
     .kind = Kind::word,
     .group = resources_group,
     .value = "ARN",
     .help = "Required. The trust anchor that the certificate chains to"},
    {.name = "role-session-name",
     .group = resources_group,
     .value = "NAME",
     .help = "Name of the session; the profile must accept it. Default: the\n"
             "certificate's serial number"},
    {.name = "session-duration",
     .kind = Kind::number,
     .group = resources_group,
     .value = "SECONDS",
     .help = "How long the credentials live, 900 to 43200",
     .fallback = "3600",
     .low = 900,
     .high = 43200},
    {.name = "region",
     .kind = Kind::word,
     .group = endpoint_group,
     .value = "REGION",
     .help = "Default: the trust anchor's, which it must equal"},
    {.name = "endpoint",
     .kind = Kind::url,
     .group = endpoint_group,
     .value = "URL",
     .help = "https://host[:port] instead of the service's own; plain http only\n"
             "for this machine"},
    {.name = "use-fips",
     .kind = Kind::toggle,
     .group = endpoint_group,
     .help = "Use the FIPS endpoint (AWS_USE_FIPS_ENDPOINT)"},
    {.name = "use-dualstack",
     .kind = Kind::toggle,
     .group = endpoint_group,
     .help = "Use the IPv4 and IPv6 endpoint (AWS_USE_DUALSTACK_ENDPOINT)"},
    {.name = "ca-bundle",
     .kind = Kind::path,
     .group = network_group,
     .value = "FILE",
     .help = "PEM file of the CAs to trust for TLS. Default: AWS_CA_BUNDLE,\n"
             "SSL_CERT_FILE and SSL_CERT_DIR, else the system's"},
    {.name = "no-verify-ssl",
     .kind = Kind::toggle,
     .group = network_group,
     .help = "Do not check the server's certificate: only for tests"},
    {.name = "with-proxy",
     .kind = Kind::toggle,
     .group = network_group,
     .help = "Use the proxy that HTTPS_PROXY and NO_PROXY name"},
    {.name = "connect-timeout",
     .kind = Kind::seconds,
     .group = network_group,
     .value = "SECONDS",
     .help = "How long to wait for a connection",
     .fallback = "5"},
    {.name = "timeout",
     .kind = Kind::seconds,
     .group = network_group,
     .value = "SECONDS",
     .help = "How long all may take, retries and waits included",
     .fallback = "30"},
    {.name = "debug",
     .kind = Kind::toggle,
     .group = network_group,
     .help = "Show each step on stderr, with its time; never a secret"},
}};

inline constexpr std::array<Option, 2> cache_options = {{
    {.name = "cache",
     .kind = Kind::toggle,
     .group = cache_group,
     .help = "Keep the credentials in a file that this user alone can read,\n"
             "and hand them out again while they are good"},
    {.name = "cache-margin",
     .kind = Kind::number,
     .group = cache_group,
     .value = "SECONDS",
     .help = "How much of their life must be left for that; never more than\n"
             "half of it",
     .fallback = "900",
     .low = 0,
     .high = 43199},
}};

// Of every command that asks for a session.
inline constexpr auto all_session_options = joined(identity_options, session_options);

}  // namespace rolecall::cli

// The options that several commands have. Their names are those of the official helper.
#pragma once

#include <algorithm>
#include <array>

#include "options/option.h"

namespace rolecall::cli {

// Concatenates lists of options.
template <std::size_t... Sizes>
constexpr std::array<Option, (Sizes + ...)> joined(const std::array<Option, Sizes>&... lists) {
  std::array<Option, (Sizes + ...)> all{};
  auto* next = all.begin();
  ((next = std::copy(lists.begin(), lists.end(), next)), ...);
  return all;
}

// The option with another explanation.
constexpr Option explained(Option option, std::string_view help) {
  option.help = help;
  option.limits = {};
  return option;
}

// The headings of --help that several commands have.
inline constexpr const char* certificate_group = "Certificate and key";
inline constexpr const char* hardware_group = "Hardware keys";
inline constexpr const char* resources_group = "AWS resources";
inline constexpr const char* session_group = "Session";
inline constexpr const char* renewal_group = "Renewal";
inline constexpr const char* endpoint_group = "Endpoint";
inline constexpr const char* network_group = "Network";
inline constexpr const char* cache_group = "Cache";
inline constexpr const char* configuration_group = "Configuration";
inline constexpr const char* output_group = "Output";

// For every command that reads the configuration file.
inline constexpr std::array<Option, 2> configuration_options = {{
    {.name = "config",
     .kind = Kind::path,
     .group = configuration_group,
     .value = "FILE",
     .help = "The configuration file, in TOML. The file can set every option by its name, as in "
             "role-arn = \"ARN\". An environment variable, such as ROLECALL_ROLE_ARN for "
             "--role-arn, takes precedence over the file.",
     .default_text = "$ROLECALL_CONFIG, otherwise ~/.config/rolecall/config.toml, otherwise "
                     "/etc/rolecall/config.toml",
     .chooses_settings = true},
    {.name = "quiet",
     .kind = Kind::toggle,
     .group = output_group,
     .help = "Write no warnings to standard error. Errors are still written."},
}};

inline constexpr std::array<Option, 1> binding_option = {{
    {.name = "binding",
     .group = configuration_group,
     .value = "NAME",
     .help = "Use the values of the table [binding.NAME] of the configuration file. These values "
             "take precedence over the others in the file. \"rolecall bindings\" lists the "
             "bindings.",
     .default_text = "$ROLECALL_BINDING, otherwise no binding",
     .chooses_settings = true},
}};

inline constexpr std::array<Option, 1> debug_option = {{
    {.name = "debug",
     .kind = Kind::toggle,
     .group = output_group,
     .help =
         "Write each step to standard error, with the time since the start of rolecall. Secrets "
         "are never written."},
}};

// For finding certificates on tokens.
inline constexpr std::array<Option, 2> selector_options = {{
    {.name = "cert-selector",
     .kind = Kind::selector,
     .group = hardware_group,
     .value = "SELECTOR",
     .help = "Search all PKCS#11 tokens for the certificate, instead of using --certificate. "
             "SELECTOR is one or more of these, in quotes and separated by spaces: "
             "Key=x509Subject,Value=NAME Key=x509Issuer,Value=NAME Key=x509Serial,Value=HEX. "
             "SELECTOR can also be file://PATH, with the path of a JSON file.",
     .provides = "certificate"},
    {.name = "pkcs11-lib",
     .kind = Kind::library,
     .group = hardware_group,
     .value = "FILE",
     .help = "The PKCS#11 module to use.",
     .default_text = "all modules that p11-kit knows"},
}};

inline constexpr std::array<Option, 3> password_options = {{
    {.name = "password-source",
     .kind = Kind::source,
     .group = certificate_group,
     .value = "SOURCE",
     .help = "Where rolecall finds the password of the key, or the PIN of the token. SOURCE is "
             "file:PATH, env:NAME (a variable), fd:N (an open descriptor), credential:NAME (of "
             "systemd) or command:WORDS (a command that prints the password).",
     .default_text = "for a token $ROLECALL_PIN, otherwise a prompt on the terminal",
     .provides = "password"},
    {.name = "pkcs8-password",
     .kind = Kind::secret,
     .group = certificate_group,
     .value = "PASSWORD",
     .help = "The password of the key. Every user of this machine can read the password, so "
             "prefer --password-source.",
     .provides = "password"},
    {.name = "pkcs12-entry",
     .group = certificate_group,
     .value = "NAME",
     .help = "Which key to use if a PKCS#12 file contains several. NAME is the friendlyName (in "
             "Java: the alias) of the key or of its certificate, or the certificate's subject."},
}};

// An option for the certificate stores of Windows. On Linux, the official helper ignores it too.
inline constexpr std::array<Option, 1> ignored_options = {{
    {.name = "system-store-name", .kind = Kind::unused},
}};

inline constexpr std::array<Option, 2> tpm_options = {{
    {.name = "tpm-key-password",
     .kind = Kind::secret,
     .group = hardware_group,
     .value = "PASSWORD",
     .help = "The password of the TPM key. Every user of this machine can read the password, so "
             "prefer --password-source.",
     .provides = "password"},
    {.name = "no-tpm-key-password",
     .kind = Kind::toggle,
     .group = hardware_group,
     .help = "The TPM key has no password. Without this option, rolecall asks for the password of "
             "a key that is given as a handle."},
}};

inline constexpr std::array<Option, 2> token_options = {{
    {.name = "use-latest-expiring-certificate",
     .kind = Kind::toggle,
     .group = hardware_group,
     .help = "If certificates of several keys match, use the one that is valid and expires last. "
             "Without this option, that is an error."},
    {.name = "reuse-pin",
     .kind = Kind::toggle,
     .group = hardware_group,
     .help = "If a key needs its PIN for each signature, use the PIN of the token. Without this "
             "option, rolecall asks for the PIN of such a key separately."},
}};

inline constexpr Option certificate_option = {
    .name = "certificate",
    .kind = Kind::input,
    .group = certificate_group,
    .value = "FILE",
    .help =
        "The certificate, in a PEM or PKCS#12 file. The file can also contain the chain and "
        "the private key, in any order. FILE can also be \"-\" (standard input), fd:N (the "
        "open descriptor N), a pkcs11: URI or spiffe: (a SPIFFE agent). Required unless a "
        "binding sets it, or --cert-selector is used.",
    .provides = "certificate",
    .is_required = true,
    .required_unless = "cert-selector"};
inline constexpr Option private_key_option = {
    .name = "private-key",
    .kind = Kind::input,
    .group = certificate_group,
    .value = "FILE",
    .help =
        "The private key, in a PEM or PKCS#12 file. The key can be encrypted. FILE can "
        "also be \"-\", fd:N, a pkcs11: URI, a TPM key file (TSS2 PRIVATE KEY) or a TPM "
        "handle such "
        "as handle:0x81000001. Required unless a binding sets it, or the certificate's file, "
        "token or SPIFFE agent has the key.",
    .limits =
        "Allowed: RSA keys of 2048 to 8192 bits, EC keys on P-256, P-384 or P-521, and "
        "ML-DSA keys.",
    .is_required = true,
    .required_unless = "certificate"};
inline constexpr Option intermediates_option = {
    .name = "intermediates",
    .kind = Kind::input,
    .group = certificate_group,
    .value = "FILE",
    .help =
        "The intermediate certificates, from the certificate to the trust anchor, in a PEM or "
        "PKCS#7 file. FILE can also be \"-\" or fd:N. Not needed if the certificate's file "
        "contains the chain, or a SPIFFE agent gives it.",
    .limits = "At most 5 of these certificates are sent."};

// For every command that uses the key.
inline constexpr auto key_options =
    joined(selector_options, token_options, password_options, tpm_options, ignored_options);

// All options for the certificate and its key.
inline constexpr auto identity_options =
    joined(std::array<Option, 3>{{certificate_option, private_key_option, intermediates_option}},
           key_options);

// What the request for a session contains, and how it is sent.
inline constexpr std::array<Option, 14> session_options = {{
    {.name = "role-arn",
     .kind = Kind::word,
     .group = resources_group,
     .value = "ARN",
     .help = "The IAM role to assume. Required unless a binding sets it.",
     .is_required = true},
    {.name = "profile-arn",
     .kind = Kind::word,
     .group = resources_group,
     .value = "ARN",
     .help = "The IAM Roles Anywhere profile that lists the role. Required unless a binding sets "
             "it.",
     .is_required = true},
    {.name = "trust-anchor-arn",
     .kind = Kind::word,
     .group = resources_group,
     .value = "ARN",
     .help = "The IAM Roles Anywhere trust anchor at the end of the certificate's chain. Required "
             "unless a binding sets it.",
     .is_required = true},
    {.name = "role-session-name",
     .group = session_group,
     .value = "NAME",
     .help =
         "The name of the session. The profile must accept custom session names. In NAME, %h is "
         "the name of this host, %u is the name of the user, and %% is a percent sign.",
     .default_text = "the certificate's serial number",
     .limits = "Allowed: 2 to 64 letters, digits and _+=,.@- (no spaces)."},
    {.name = "session-duration",
     .kind = Kind::number,
     .group = session_group,
     .value = "SECONDS",
     .help = "How long the credentials are valid.",
     .default_value = "3600",
     .limits = "The profile and the role can have lower limits.",
     .unit = Unit::seconds,
     .minimum = 900,
     .maximum = 43200},
    {.name = "region",
     .kind = Kind::word,
     .group = endpoint_group,
     .value = "REGION",
     .help = "The AWS region of the request.",
     .default_text = "the region of the trust anchor",
     .limits = "Any other region is an error."},
    {.name = "endpoint",
     .kind = Kind::url,
     .group = endpoint_group,
     .value = "URL",
     .help = "Send the request to this URL: https://HOST or https://HOST:PORT.",
     .default_text = "the endpoint of IAM Roles Anywhere in the region",
     .limits = "http:// is allowed only for this machine."},
    {.name = "use-fips",
     .kind = Kind::toggle,
     .group = endpoint_group,
     .help = "Use the FIPS endpoint.",
     .default_text = "$AWS_USE_FIPS_ENDPOINT, otherwise false",
     .limits = "Only some regions have this endpoint. Cannot be combined with --endpoint.",
     .aws_variable = "AWS_USE_FIPS_ENDPOINT"},
    {.name = "use-dualstack",
     .kind = Kind::toggle,
     .group = endpoint_group,
     .help = "Use the endpoint for both IPv4 and IPv6.",
     .default_text = "$AWS_USE_DUALSTACK_ENDPOINT, otherwise false",
     .limits = "Cannot be combined with --endpoint.",
     .aws_variable = "AWS_USE_DUALSTACK_ENDPOINT"},
    {.name = "ca-bundle",
     .kind = Kind::path,
     .group = network_group,
     .value = "FILE",
     .help = "A PEM file with the CAs to trust for TLS.",
     .default_text =
         "$AWS_CA_BUNDLE, otherwise $SSL_CERT_FILE and $SSL_CERT_DIR, otherwise the CAs "
         "of the system",
     .aws_variable = "AWS_CA_BUNDLE"},
    {.name = "no-verify-ssl",
     .kind = Kind::toggle,
     .group = network_group,
     .help = "Do not check the server's certificate. Use this only for tests."},
    {.name = "with-proxy",
     .kind = Kind::toggle,
     .group = network_group,
     .help = "Use the proxy of HTTPS_PROXY or ALL_PROXY, except for the hosts in NO_PROXY. "
             "Without this option, no proxy is used."},
    {.name = "connect-timeout",
     .kind = Kind::seconds,
     .group = network_group,
     .value = "SECONDS",
     .help = "How long one attempt to connect can take.",
     .default_value = "5"},
    {.name = "timeout",
     .kind = Kind::seconds,
     .group = network_group,
     .value = "SECONDS",
     .help = "How long everything can take: reading the files, all attempts, and the waits between "
             "them.",
     .default_value = "30"},
}};

inline constexpr std::array<Option, 2> cache_options = {{
    {.name = "cache",
     .kind = Kind::toggle,
     .group = cache_group,
     .help = "Keep the credentials in a file that only this user can read, and use them again "
             "while they are valid. \"rolecall cache list\" shows what is kept."},
    {.name = "cache-margin",
     .kind = Kind::number,
     .group = cache_group,
     .value = "SECONDS",
     .help = "Request new credentials if the kept ones expire within this time.",
     .default_value = "900",
     .limits = "The margin counts as at most half of the credentials' lifetime.",
     .unit = Unit::seconds,
     .minimum = 0,
     .maximum = 43199},
}};

// For commands that renew credentials for other programs.
constexpr Option on_renew_option(std::string_view group) {
  return {.name = "on-renew",
          .kind = Kind::command,
          .group = group,
          .value = "COMMAND",
          .help =
              "Run a command after each renewal, without a shell. COMMAND is command:WORDS. The "
              "command gets no credentials, but ROLECALL_RENEWED_BINDING and "
              "ROLECALL_RENEWED_EXPIRATION. If the command fails, rolecall logs this and does "
              "nothing else.",
          .limits = "rolecall ends the command after 60 seconds."};
}

// For commands that run a server.
constexpr Option port_option(std::string_view group, std::string_view default_value) {
  return {.name = "port",
          .kind = Kind::number,
          .group = group,
          .value = "PORT",
          .help = "The TCP port to listen on. Use 0 for any free port.",
          .default_value = default_value,
          .unit = Unit::port,
          .minimum = 0,
          .maximum = 65535};
}
constexpr Option address_option(std::string_view group) {
  return {.name = "address",
          .group = group,
          .value = "ADDRESS",
          .help = "The IP address to listen on.",
          .default_value = "127.0.0.1"};
}
constexpr Option allow_remote_option(std::string_view group, std::string_view help) {
  return {.name = "allow-remote", .kind = Kind::toggle, .group = group, .help = help};
}

// For commands that run for a long time.
constexpr Option no_sandbox_option(std::string_view group) {
  return {.name = "no-sandbox",
          .kind = Kind::toggle,
          .group = group,
          .help =
              "Keep all rights of this user after the start. Without this option, rolecall "
              "gives up what it does not need: other files, system calls, and capabilities of "
              "root. --debug says what it gave up."};
}

// For serve, and for commands that read its tokens.
constexpr Option token_dir_option(std::string_view group, std::string_view help) {
  return {.name = "token-dir",
          .kind = Kind::directory,
          .group = group,
          .value = "DIR",
          .help = help,
          .default_text = "$RUNTIME_DIRECTORY, otherwise $XDG_RUNTIME_DIR/rolecall"};
}

// For every command that requests a session.
inline constexpr auto all_session_options = joined(identity_options, session_options, debug_option);

}  // namespace rolecall::cli

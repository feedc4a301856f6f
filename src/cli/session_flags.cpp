#include "cli/session_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "base/codec.h"
#include "base/files.h"
#include "cli/password.h"
#include "cli/ui.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

// Flags of the official helper whose sources come later: known by name, so that a command line
// that needs one is told so, instead of being half obeyed.
struct LaterFlag {
  const char* name;
  bool takes_value;
};
constexpr std::array<LaterFlag, 7> later_flags = {{
    {"--cert-selector", true},
    {"--system-store-name", true},
    {"--use-latest-expiring-certificate", false},
    {"--pkcs11-lib", true},
    {"--reuse-pin", false},
    {"--tpm-key-password", true},
    {"--no-tpm-key-password", false},
}};

std::chrono::milliseconds seconds_value(const char* flag, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !std::isfinite(value) || value < 0.001 ||
      value > 86400) {
    throw Error(ErrorKind::usage, std::string(flag) + " takes seconds, not \"" + text + "\"",
                "a number from 0.001 to 86400, such as 5 or 2.5");
  }
  return std::chrono::milliseconds(std::llround(value * 1000));
}

CLI::Option* add_seconds(CLI::App& app, const char* flag, std::chrono::milliseconds& value,
                         const char* help) {
  return app
      .add_option_function<std::string>(
          flag, [flag, &value](const std::string& text) { value = seconds_value(flag, text); },
          help)
      ->type_name("SECONDS");
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool environment_switch(const char* name) {
  const std::string value = lower_case(environment(name));
  if (value.empty() || value == "false") return false;
  if (value == "true") return true;
  throw Error(ErrorKind::usage,
              std::string("environment variable ") + name + " is \"" + value + "\"",
              "it takes true or false");
}

// What libcurl would try three times, or leave out without a word. The value may hold a password.
void check_proxy(const std::string& name, const std::string& proxy) {
  const auto refuse = [&name](const char* why) {
    throw Error(ErrorKind::usage, "environment variable " + name + " " + why,
                "it takes http://host:port, https://host:port or socks5h://host:port");
  };
  const std::size_t end = proxy.find("://");
  const std::string scheme = end == std::string::npos ? "http" : lower_case(proxy.substr(0, end));
  const std::string rest = end == std::string::npos ? proxy : proxy.substr(end + 3);
  static constexpr std::array known = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  if (std::find(known.begin(), known.end(), scheme) == known.end()) {
    refuse("names no kind of proxy known here");
  }
  const auto is_control = [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f'; };
  const auto decoded = percent_decode(rest);
  if (rest.empty() || !decoded || std::any_of(decoded->begin(), decoded->end(), is_control)) {
    refuse("is not the URL of a proxy");
  }
}

void require(const SessionFlags& flags) {
  const std::array<std::pair<const char*, const std::string*>, 5> required = {{
      {"--certificate", &flags.identity.certificate},
      {"--private-key", &flags.identity.private_key},
      {"--role-arn", &flags.session.role_arn},
      {"--profile-arn", &flags.session.profile_arn},
      {"--trust-anchor-arn", &flags.session.trust_anchor_arn},
  }};
  std::string missing;
  // A PKCS#12 file as --certificate holds the key; what it is shows when it is read.
  const bool may_hold_key = !flags.identity.certificate.empty();
  for (const auto& [name, value] : required) {
    if (!value->empty() || (value == &flags.identity.private_key && may_hold_key)) continue;
    if (!missing.empty()) missing += ", ";
    missing += name;
  }
  if (!missing.empty()) {
    throw Error(ErrorKind::usage, "missing: " + missing,
                "rolecall credential-process --help explains each flag");
  }
}

void set_password(SessionFlags& flags) {
  const Reporter reporter = stderr_reporter(flags.debug);
  if (!flags.pkcs8_password.empty()) {
    if (!flags.password_source.empty()) {
      throw Error(ErrorKind::usage, "--pkcs8-password and --password-source exclude each other");
    }
    reporter.warning(
        "--pkcs8-password: every user of this machine can read it while the program runs; use "
        "--password-source");
  }
  const IdentityOptions& identity = flags.identity;
  const std::array<std::pair<const char*, const std::string*>, 3> files = {{
      {"--certificate", &identity.certificate},
      {"--private-key", &identity.private_key},
      {"--intermediates", &identity.intermediates},
  }};
  const bool from_descriptor = flags.password_source.starts_with("fd:");
  for (const auto& [name, value] : files) {
    const int descriptor = input_descriptor(*value);
    if (from_descriptor && descriptor >= 0 &&
        descriptor == input_descriptor(flags.password_source)) {
      throw Error(ErrorKind::usage,
                  std::string(name) + " and --password-source are the same descriptor",
                  "what is read from it by one is gone for the other");
    }
  }
  flags.identity.password = password_source(flags.password_source, flags.pkcs8_password, reporter);
  wipe(flags.pkcs8_password.data(), flags.pkcs8_password.size());
  flags.pkcs8_password.clear();
}

}  // namespace

void add_session_flags(CLI::App& app, SessionFlags& flags) {
  IdentityOptions& identity = flags.identity;
  SessionOptions& session = flags.session;
  const auto text = [&app](const char* name, std::string& value, const char* type, const char* help,
                           const char* group) {
    app.add_option(name, value, help)->type_name(type)->group(group);
  };
  const auto flag = [&app](const char* name, bool& value, const char* help, const char* group) {
    app.add_flag(name, value, help)->group(group);
  };

  const char* who = "Who asks";
  text("--certificate", identity.certificate, "FILE",
       "Required. PEM file with the certificate; may hold its chain too,\n"
       "in any order. Or a PKCS#12 file, which holds key and chain. - for\n"
       "standard input, fd:N for an open descriptor (all three flags)",
       who);
  text("--private-key", identity.private_key, "FILE",
       "Required, but for PKCS#12. PEM file with its private key: PKCS#8,\n"
       "PKCS#1 or SEC1, encrypted or not; RSA of 2048 to 8192 bits, P-256,\n"
       "P-384 or P-521",
       who);
  text("--intermediates", identity.intermediates, "FILE",
       "PEM file with the certificates between it and the trust anchor", who);
  text("--password-source", flags.password_source, "SOURCE",
       "Where an encrypted key's password is: file:PATH, env:NAME, fd:N,\n"
       "credential:NAME (of systemd) or command:WORDS (run without a\n"
       "shell). Default: asked for on the terminal",
       who);
  text("--pkcs8-password", flags.pkcs8_password, "PASSWORD",
       "The password itself; every user of the machine can read it", who);

  const char* what = "For what";
  text("--role-arn", session.role_arn, "ARN", "Required. The IAM role to assume", what);
  text("--profile-arn", session.profile_arn, "ARN",
       "Required. The Roles Anywhere profile that lists the role", what);
  text("--trust-anchor-arn", session.trust_anchor_arn, "ARN",
       "Required. The trust anchor that the certificate chains to", what);
  text("--role-session-name", session.role_session_name, "NAME",
       "Name of the session; the profile must accept it. Default: the\n"
       "certificate's serial number",
       what);
  app.add_option_function<long>(
         "--session-duration",
         [&session](long value) { session.session_duration = std::chrono::seconds(value); },
         "How long the credentials live, 900 to 43200. Default: 3600")
      ->type_name("SECONDS")
      ->group(what);

  const char* where = "Where to ask";
  text("--region", session.region, "REGION", "Default: the trust anchor's, which it must equal",
       where);
  text("--endpoint", session.endpoint, "URL",
       "https://host[:port] instead of the service's own; plain http for\n"
       "this machine alone",
       where);
  flag("--use-fips", session.use_fips, "Use the FIPS endpoint (AWS_USE_FIPS_ENDPOINT)", where);
  flag("--use-dualstack", session.use_dualstack,
       "Use the IPv4 and IPv6 endpoint (AWS_USE_DUALSTACK_ENDPOINT)", where);

  const char* how = "How to get there";
  text("--ca-bundle", session.ca_bundle, "FILE",
       "PEM file of the CAs to trust for TLS. Default: AWS_CA_BUNDLE,\n"
       "SSL_CERT_FILE and SSL_CERT_DIR, else the system's",
       how);
  flag("--no-verify-ssl", flags.no_verify_ssl,
       "Do not check the server's certificate: for tests alone", how);
  flag("--with-proxy", session.use_proxy, "Use the proxy that HTTPS_PROXY and NO_PROXY name", how);
  add_seconds(app, "--connect-timeout", session.connect_timeout,
              "How long to wait for a connection. Default: 5")
      ->group(how);
  add_seconds(app, "--timeout", session.timeout,
              "How long all may take, retries and waits included. Default: 30")
      ->group(how);
  flag("--debug", flags.debug, "Show each step on stderr, with its time; never a secret", how);

  for (const LaterFlag& later : later_flags) {
    CLI::Option* option =
        later.takes_value ? app.add_option(later.name)->expected(0, 1) : app.add_flag(later.name);
    option->group("");  // not in --help
  }
}

void finish_session_flags(const CLI::App& app, SessionFlags& flags) {
  for (const LaterFlag& later : later_flags) {
    if (app.count(later.name) > 0) {
      throw Error(ErrorKind::usage, std::string(later.name) + " is not supported yet",
                  "this version reads certificates and private keys from files");
    }
  }
  require(flags);
  set_password(flags);
  SessionOptions& session = flags.session;
  session.verify_tls = !flags.no_verify_ssl;
  session.use_fips = session.use_fips || environment_switch("AWS_USE_FIPS_ENDPOINT");
  session.use_dualstack = session.use_dualstack || environment_switch("AWS_USE_DUALSTACK_ENDPOINT");
  if (session.ca_bundle.empty()) session.ca_bundle = environment("AWS_CA_BUNDLE");
  if (session.ca_bundle.empty()) {
    // OpenSSL's and Go's variables, which the official helper follows.
    session.ca_bundle = environment("SSL_CERT_FILE");
    session.ca_directory = environment("SSL_CERT_DIR");
  }
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const std::string proxy = environment(name);
    if (proxy.empty()) continue;
    if (!session.use_proxy) session.proxy_unused = true;
    if (session.use_proxy) check_proxy(name, proxy);
  }
}

}  // namespace rolecall::cli

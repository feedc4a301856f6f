#include "cli/session_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "base/codec.h"
#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/hardware_limit.h"
#include "cli/settings.h"
#include "cli/ui.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

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

void require(const CLI::App& app, const SessionFlags& flags) {
  const IdentityOptions& identity = flags.identity.options;
  const std::array<std::pair<const char*, const std::string*>, 5> required = {{
      {"--certificate", &identity.certificate},
      {"--private-key", &identity.private_key},
      {"--role-arn", &flags.session.role_arn},
      {"--profile-arn", &flags.session.profile_arn},
      {"--trust-anchor-arn", &flags.session.trust_anchor_arn},
  }};
  std::string missing;
  // A PKCS#12 file or a token as --certificate holds the key; what it is shows when it is read.
  const bool selected = !identity.cert_selector.empty();
  const bool may_hold_key = selected || !identity.certificate.empty();
  for (const auto& [name, value] : required) {
    if (!value->empty() || (value == &identity.private_key && may_hold_key) ||
        (value == &identity.certificate && selected)) {
      continue;
    }
    if (!missing.empty()) missing += ", ";
    missing += name;
  }
  if (!missing.empty()) throw missing_values(app, missing);
}

}  // namespace

void add_session_flags(CLI::App& app, SessionFlags& flags) {
  add_identity_flags(app, flags.identity);
  SessionOptions& session = flags.session;
  const auto text = [&app](const char* name, std::string& value, const char* type, const char* help,
                           const char* group) {
    app.add_option(name, value, help)->type_name(type)->group(group);
  };
  const auto flag = [&app](const char* name, bool& value, const char* help, const char* group) {
    app.add_flag(name, value, help)->group(group);
  };

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
  add_number(app, "--session-duration", flags.session_duration, 900, 43200, "SECONDS",
             "How long the credentials live, 900 to 43200. Default: 3600", what);

  const char* where = "Where to ask";
  text("--region", session.region, "REGION", "Default: the trust anchor's, which it must equal",
       where);
  text("--endpoint", session.endpoint, "URL",
       "https://host[:port] instead of the service's own; plain http only\n"
       "for this machine",
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
       "Do not check the server's certificate: only for tests", how);
  flag("--with-proxy", session.use_proxy, "Use the proxy that HTTPS_PROXY and NO_PROXY name", how);
  add_seconds(app, "--connect-timeout", session.connect_timeout, Zero::refused,
              "How long to wait for a connection. Default: 5", how);
  add_seconds(app, "--timeout", session.timeout, Zero::refused,
              "How long all may take, retries and waits included. Default: 30", how);
  flag("--debug", flags.debug, "Show each step on stderr, with its time; never a secret", how);
}

void finish_session_flags(const CLI::App& app, SessionFlags& flags) {
  const Reporter reporter = stderr_reporter(flags.debug);
  finish_identity_flags(app, flags.identity, reporter);
  require(app, flags);
  SessionOptions& session = flags.session;
  session.session_duration = std::chrono::seconds(flags.session_duration);
  end_where_hardware_is_silent(session.timeout);
  session.verify_tls = !flags.no_verify_ssl;
  if (session.ca_bundle.empty()) {
    // OpenSSL's and Go's variables, which the official helper follows.
    session.ca_bundle = environment("SSL_CERT_FILE");
    session.ca_directory = environment("SSL_CERT_DIR");
    if (!session.ca_bundle.empty() || !session.ca_directory.empty()) {
      reporter.trace([] { return "trusted roots are those of SSL_CERT_FILE and SSL_CERT_DIR"; });
    }
  }
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const std::string proxy = environment(name);
    if (proxy.empty()) continue;
    if (!session.use_proxy) session.proxy_unused = true;
    if (session.use_proxy) {
      check_proxy(name, proxy);
      if (proxy.find('@') != std::string::npos) session.proxy_has_user = true;
      reporter.trace([name] { return "a proxy is named by " + std::string(name); });
    }
  }
}

}  // namespace rolecall::cli

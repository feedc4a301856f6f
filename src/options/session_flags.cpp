#include "options/session_flags.h"

#include <algorithm>
#include <array>

#include "base/codec.h"
#include "base/text.h"
#include "options/environment.h"
#include "options/identity_flags.h"
#include "options/session_name.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

// Refuses a value that libcurl would try three times, or would ignore silently. The message does
// not show the value, because it can contain a password.
void check_proxy(const std::string& name, const std::string& proxy) {
  const auto refuse = [&name](const char* why) {
    throw Error(ErrorKind::usage, "environment variable " + name + " " + why,
                "use http://host:port, https://host:port or socks5h://host:port");
  };
  const std::size_t end = proxy.find("://");
  const std::string scheme = end == std::string::npos ? "http" : lower_case(proxy.substr(0, end));
  const std::string rest = end == std::string::npos ? proxy : proxy.substr(end + 3);
  static constexpr std::array known = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  if (std::find(known.begin(), known.end(), scheme) == known.end()) {
    refuse("does not begin with a known kind of proxy");
  }
  const auto is_stray = [](char c) { return c == ' ' || is_control(c); };
  const auto decoded = percent_decode(rest);
  if (rest.empty() || !decoded || std::any_of(decoded->begin(), decoded->end(), is_stray)) {
    refuse("is not the URL of a proxy");
  }
}

bool is_missing(const Settings& settings, const Option& option) {
  if (settings.is_not_empty(option.name)) return false;
  const Option* other = find_option(settings.command(), option.required_unless);
  return other == nullptr || is_missing(settings, *other);
}

SessionOptions session_options_of(const Settings& settings) {
  SessionOptions session;
  session.role_arn = settings.text("role-arn");
  session.profile_arn = settings.text("profile-arn");
  session.trust_anchor_arn = settings.text("trust-anchor-arn");
  session.role_session_name = expand_session_name(settings.text("role-session-name"));
  session.session_duration = std::chrono::seconds(settings.number("session-duration"));
  session.region = settings.text("region");
  session.endpoint = settings.text("endpoint");
  session.use_fips = settings.is_on("use-fips");
  session.use_dualstack = settings.is_on("use-dualstack");
  session.ca_bundle = settings.text("ca-bundle");
  session.verify_tls = !settings.is_on("no-verify-ssl");
  session.use_proxy = settings.is_on("with-proxy");
  session.connect_timeout = settings.seconds("connect-timeout");
  session.timeout = settings.seconds("timeout");
  return session;
}

// Variables of OpenSSL and Go. The official helper follows them too.
void read_tls_variables(SessionOptions& session, const Reporter& reporter) {
  if (!session.ca_bundle.empty()) return;
  session.ca_bundle = environment("SSL_CERT_FILE");
  session.ca_directory = environment("SSL_CERT_DIR");
  if (!session.ca_bundle.empty() || !session.ca_directory.empty()) {
    reporter.trace([] { return "the trusted CAs are those of SSL_CERT_FILE and SSL_CERT_DIR"; });
  }
}

void read_proxy_variables(SessionOptions& session, const Reporter& reporter) {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const std::string proxy = environment(name);
    if (proxy.empty()) continue;
    if (!session.use_proxy) {
      session.proxy_unused = true;
      continue;
    }
    check_proxy(name, proxy);
    if (proxy.find('@') != std::string::npos) session.proxy_has_user = true;
    reporter.trace([name] { return cat("the proxy comes from variable ", name); });
  }
}

}  // namespace

void check_required_options(const Settings& settings) {
  std::vector<std::string> missing;
  for (const Option* option : all_options(settings.command())) {
    if (option->is_required && is_missing(settings, *option))
      missing.push_back(cat("--", option->name));
  }
  if (!missing.empty()) throw settings.missing(join(missing, ", "));
}

SessionFlags session_flags(const Settings& settings, MissingOptions missing) {
  const Reporter reporter = settings.reporter();
  SessionFlags flags;
  flags.identity = identity_flags(settings);
  flags.session = session_options_of(settings);
  flags.debug = settings.is_on("debug");
  if (missing == MissingOptions::refused) check_required_options(settings);
  read_tls_variables(flags.session, reporter);
  read_proxy_variables(flags.session, reporter);
  return flags;
}

}  // namespace rolecall::cli

#include "doctor/network.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "aws/create_session.h"
#include "base/text.h"
#include "base/time.h"
#include "base/waiting.h"

namespace rolecall::doctor {
namespace {

using std::chrono::seconds;

constexpr seconds clock_warning{60};
constexpr seconds clock_failure{300};

void take_response(Reach& reach, const http::Client& client, const http::Response& response) {
  reach.status = response.status;
  reach.connection = client.connection();
  const std::string* date = http::find(response.headers, "date");
  const auto time = date == nullptr ? std::nullopt : parse_http_date(*date);
  if (time) reach.clock_difference = *time - wall_clock();
}

// A VPC endpoint has a private address (RFC 1918, RFC 6598, RFC 4193).
bool is_private(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    const std::uint32_t bits = ntohl(v4.s_addr);
    return bits >> 24U == 10 || bits >> 20U == 0xac1 || bits >> 16U == 0xc0a8 ||
           bits >> 22U == 0x191;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && (v6.s6_addr[0] & 0xfeU) == 0xfc;
}

// CAs that AWS uses for its own endpoints in the partitions aws and aws-us-gov.
bool is_issuer_of_aws(std::string_view issuer) {
  static constexpr std::array names = {"Amazon", "Starfield", "DigiCert"};
  for (const std::string_view name : names)
    if (issuer.find(name) != std::string_view::npos) return true;
  return false;
}

void check_issuer(Findings& findings, const Reach& reach, const std::string& host) {
  const std::string& issuer = reach.connection.issuer;
  if (issuer.empty()) return;
  const bool is_aws = host.ends_with(".amazonaws.com") || host.ends_with(".api.aws");
  if (is_aws && !is_issuer_of_aws(issuer)) {
    findings.warn(
        "the TLS certificate comes from " + issuer +
            ", not from a CA of AWS: a proxy on the way decrypts the connection, and can read the "
            "credentials",
        "ask the owner of the network to leave out " + host + " from TLS inspection");
  } else {
    findings.fact("TLS certificate from " + issuer);
  }
}

void describe_proxy(Findings& findings, const Reach& reach, const SessionOptions& session,
                    const std::string& proxy) {
  if (proxy.empty()) return;
  if (!session.use_proxy) {
    findings.fact(proxy + " is set, but not used without `with-proxy`");
  } else if (reach.connection.through_proxy) {
    findings.fact("through the proxy of " + proxy);
  } else if (!reach.error) {
    findings.fact("not through the proxy of " + proxy + ", because of NO_PROXY or plain http");
  }
}

}  // namespace

Reach reach(const aws::SessionRequest& request, const SessionOptions& session,
            const Reporter& reporter) {
  const Waiting waiting("an answer of " + request.origin.text());
  http::ClientOptions options = aws::client_options(session);
  options.keep_issuer = true;
  const Deadline deadline(session.timeout);
  Reach reach;
  try {
    http::Client client(request.origin, options, reporter);
    take_response(reach, client, client.get("/", deadline));
    return reach;
  } catch (const Error& error) {
    reach.error = error;
    if (error.kind() != ErrorKind::failed || !options.verify_tls ||
        request.origin.scheme != "https")
      return reach;
  }
  reporter.trace([] {
    return "once more without verification, for the time and the issuer; nothing secret is sent";
  });
  try {
    options.verify_tls = false;
    http::Client client(request.origin, options, reporter);
    take_response(reach, client, client.get("/", deadline));
  } catch (const Error&) {
    return reach;  // the first error says more
  }
  return reach;
}

Check check_network(const Reach& reach, const aws::SessionRequest& request,
                    const SessionOptions& session, const std::string& proxy) {
  Findings findings;
  const std::string server = request.origin.text();
  if (reach.error) {
    const std::string& issuer = reach.connection.issuer;
    findings.fail(issuer.empty() ? std::string(reach.error->what())
                                 : cat(reach.error->what(), "; its issuer is ", issuer),
                  reach.error->hint());
    describe_proxy(findings, reach, session, proxy);
    return findings.check("network");
  }
  const http::Connection& connection = reach.connection;
  if (reach.status >= 500) {
    findings.warn(cat(server, " answers HTTP ", reach.status),
                  "try again later; a proxy or gateway in front of the service may have a problem");
  } else if (reach.status >= 300 && reach.status < 400) {
    findings.warn(cat(server, " answers with a redirect (HTTP ", reach.status,
                      "), which IAM Roles Anywhere never does"),
                  "a proxy or the login page of a network answers instead: open a page in a "
                  "browser to log in, or check `endpoint`");
  } else {
    findings.fact(
        cat(server, " answers after ", connection.time.count(), " ms (HTTP ", reach.status, ")"));
  }
  if (!connection.through_proxy) {
    findings.fact(cat("address ", connection.address,
                      is_private(connection.address) ? ", which is private: a VPC endpoint" : ""));
  }
  if (!session.verify_tls && request.origin.scheme == "https") {
    findings.warn("`no-verify-ssl` is set, so anyone on the way can read the credentials",
                  "leave out `no-verify-ssl`, and name the CA of the server with `ca-bundle`");
  }
  check_issuer(findings, reach, request.origin.host);
  describe_proxy(findings, reach, session, proxy);
  return findings.check("network");
}

Check check_clock(const Reach& reach) {
  if (!reach.clock_difference) {
    return skipped("clock", reach.error ? "there is no answer with a time (see network)"
                                        : "the answer of the endpoint has no time");
  }
  const seconds difference = *reach.clock_difference;
  Findings findings;
  const std::string text =
      cat("this machine's clock is ", largest_unit_text(difference),
          difference > seconds(0) ? " behind" : " ahead of", " the service's clock");
  const char* const hint = "set the clock, and let NTP keep it right: timedatectl set-ntp true";
  if (std::chrono::abs(difference) > clock_failure) {
    findings.fail(text + "; a signature is valid for 5 minutes", hint);
  } else if (std::chrono::abs(difference) > clock_warning) {
    findings.warn(text, hint);
  } else {
    findings.fact(
        cat("differs by ", std::chrono::abs(difference).count(), " s from the service's clock"));
  }
  return findings.check("clock");
}

}  // namespace rolecall::doctor

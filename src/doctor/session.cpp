#include "doctor/session.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/arn.h"
#include "aws/create_session.h"
#include "aws/endpoint.h"
#include "aws/service_error.h"
#include "aws/session_answer.h"
#include "aws/sigv4.h"
#include "aws/sigv4_x509.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/waiting.h"
#include "http/client.h"

namespace rolecall::doctor {
namespace {

using std::chrono::seconds;

constexpr std::int64_t high_packed_size = 80;  // per cent

// How much of STS's space for policies and tags the session uses, in per cent.
std::optional<std::int64_t> packed_policy_size(const http::Response& response) {
  const SecretJson answer = parse_secret_json(response.body.view());
  const SecretJson* set = member(answer, "credentialSet");
  if (set == nullptr || !set->is_array() || set->empty()) return std::nullopt;
  const SecretJson* size = member(set->front(), "packedPolicySize");
  if (size == nullptr || !size->is_number_integer()) return std::nullopt;
  return size->get<std::int64_t>();
}

std::string xml_value(std::string_view text, std::string_view name) {
  const std::string open = cat("<", name, ">");
  const std::size_t begin = text.find(open);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + open.size());
  const std::size_t end = text.find('<');
  constexpr std::size_t longest = 600;
  return end == std::string_view::npos ? std::string()
                                       : terminal_safe(text.substr(0, std::min(end, longest)));
}

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

http::Origin sts_origin(const aws::SessionRequest& request, const SessionOptions& session) {
  if (is_this_machine(request.origin.host)) return request.origin;
  const std::string partition = aws::parse_trust_anchor_arn(session.trust_anchor_arn).partition;
  return http::parse_origin(
      aws::sts_endpoint(partition, request.region, session.use_fips, session.use_dualstack));
}

// The name of the role in "arn:aws:sts::123456789012:assumed-role/NAME/SESSION", and in
// "arn:aws:iam::123456789012:role/path/NAME".
std::string role_of_session(std::string_view arn) {
  const std::size_t begin = arn.find('/');
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = arn.substr(begin + 1);
  return std::string(rest.substr(0, rest.find('/')));
}
std::string role_of_arn(std::string_view arn) {
  return std::string(arn.substr(arn.rfind('/') + 1));
}

}  // namespace

Check check_session(const aws::SessionRequest& request, const SessionOptions& session,
                    const identity::Identity& identity, seconds clock_difference,
                    const Reporter& reporter, std::optional<Credentials>& credentials) {
  const std::string endpoint = request.origin.text();
  const Waiting waiting("a session from " + endpoint);
  Findings findings;
  try {
    const auto now = wall_clock() + clock_difference;
    const aws::SignedRequest signed_request =
        aws::sign_request(identity, request.origin.host_header(), aws::sessions_path,
                          request.region, request.body, now);
    reporter.trace([&] {
      return "one request\ncanonical request:\n" + signed_request.canonical_request +
             "\nstring to sign:\n" + signed_request.string_to_sign;
    });
    http::Client client(request.origin, aws::client_options(session), reporter);
    const Deadline deadline(session.timeout);
    const http::Response response =
        client.post(aws::sessions_path, signed_request.headers, request.body, deadline);
    if (response.status < 200 || response.status > 299)
      throw Error(aws::service_error(response, endpoint, identity, wall_clock()));
    credentials = aws::read_credentials(response, endpoint);
    const auto granted = credentials->expiration - now;
    // A minute is allowed for the time on the way and for clocks.
    if (granted + seconds(60) < request.duration) {
      findings.warn(cat("the session is valid for ", granted.count(), " s instead of ",
                        request.duration.count(), " s"),
                    "the profile limits it: aws rolesanywhere update-profile --profile-id ID "
                    "--duration-seconds SECONDS");
    }
    const auto packed = packed_policy_size(response);
    if (packed && *packed > high_packed_size) {
      findings.warn(cat("policies and session tags use ", *packed, " % of the space that STS has"),
                    "shorten the profile's session policy, or remove attribute mappings");
    }
    findings.fact(cat("granted after ", client.connection().time.count(), " ms, valid until ",
                      rfc3339(credentials->expiration)));
  } catch (const Error& error) {
    findings.fail(error);
  }
  return findings.check("session");
}

Check check_identity(const aws::SessionRequest& request, const SessionOptions& session,
                     const Credentials& credentials, seconds clock_difference,
                     const Reporter& reporter) {
  Findings findings;
  http::Response response;
  std::string server;
  try {
    const http::Origin origin = sts_origin(request, session);
    server = origin.text();
    const Waiting waiting("an answer of " + server);
    const aws::FormRequest form{origin.host_header(), request.region, "sts",
                                "Action=GetCallerIdentity&Version=2011-06-15"};
    reporter.trace([&] { return "GetCallerIdentity at " + server; });
    http::Client client(origin, aws::client_options(session), reporter);
    const Deadline deadline(session.timeout);
    response = client.post("/", aws::sign_form(form, credentials, wall_clock() + clock_difference),
                           form.body, deadline);
  } catch (const Error& error) {
    // The credentials may be for a network in which STS cannot be reached.
    findings.warn(cat("whose credentials these are is not known: ", error.what()),
                  "programs that need AWS STS do not work here either: allow this host in the "
                  "network, or make a VPC endpoint for it");
    return findings.check("identity");
  }
  const std::string_view body = response.body.view();
  const std::string arn = xml_value(body, "Arn");
  const std::string account = xml_value(body, "Account");
  if (response.status != 200 || arn.empty()) {
    const std::string code = xml_value(body, "Code");
    findings.fail(cat(server, " refused the credentials: ",
                      code.empty() ? "no error that AWS STS is known to send"
                                   : cat(code, ": ", xml_value(body, "Message")),
                      " (HTTP ", response.status, ")"),
                  "a service control policy or a wrong clock can be the reason; the account's "
                  "CloudTrail shows the call");
    return findings.check("identity");
  }
  const aws::Arn role = aws::parse_role_arn(session.role_arn);
  if (account != role.account || role_of_session(arn) != role_of_arn(session.role_arn)) {
    findings.fail(cat("the credentials are those of ", arn, ", not of ", session.role_arn),
                  "check `endpoint` and `role-arn`");
  } else {
    findings.fact(cat("account ", account, ", ", arn));
  }
  return findings.check("identity");
}

}  // namespace rolecall::doctor

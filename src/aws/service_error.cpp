#include "aws/service_error.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "identity/requirements.h"
#include "identity/session_tags.h"

namespace rolecall::aws {
namespace {

// Text from the network goes to terminals and logs. So it must be short and without control
// characters.
std::string presentable(std::string text) {
  constexpr std::size_t longest = 600;
  if (text.size() > longest) {
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
      --end;
    text = text.substr(0, end) + "…";
  }
  return terminal_safe(text);
}

struct ServiceAnswer {
  std::string name;  // "AccessDeniedException"; empty if the service did not send the answer
  std::string text;
};

// Removes the parts of a URL that may contain a secret: user, password, and everything after the
// path. Browsers read "\\" as "/". Some URLs have a session id after a ";".
std::string without_secrets(std::string url) {
  std::replace(url.begin(), url.end(), '\\', '/');
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slashes = url.find("//");
  const std::size_t begin = slashes == std::string::npos ? 0 : slashes + 2;
  const std::size_t at = url.rfind('@', url.find('/', begin));
  if (at != std::string::npos && at >= begin) url.erase(begin, at + 1 - begin);
  return url.substr(0, url.find_first_of(";@"));
}

// "com.amazonaws.rolesanywhere#ValidationException:http://…" → "ValidationException"
std::string bare_name(std::string_view name) {
  name = name.substr(0, name.find(':'));
  const std::size_t hash = name.rfind('#');
  return std::string(hash == std::string_view::npos ? name : name.substr(hash + 1));
}

ServiceAnswer read_answer(const http::Response& response) {
  ServiceAnswer answer;
  if (const std::string* type = http::find(response.headers, "x-amzn-errortype")) {
    answer.name = bare_name(*type);
  }
  const json body = parse_json(response.body.view());
  const auto text = [&body](std::initializer_list<const char*> names) -> std::string {
    for (const char* name : names)
      if (const auto found = text_member(body, name)) return std::string(*found);
    return {};
  };
  if (answer.name.empty()) answer.name = bare_name(text({"__type", "code"}));
  answer.text = text({"message", "Message"});
  return {presentable(answer.name), presentable(answer.text)};
}

bool is_throttling(std::string_view name) {
  return name.starts_with("Throttling") || name == "TooManyRequestsException" ||
         name == "RequestLimitExceeded";
}

bool may_be_temporary(int status, std::string_view name) {
  return is_throttling(name) || status == 429 || status >= 500;
}

// Answers that the service never sends: something else answered instead.
std::optional<Error> error_not_from_service(const http::Response& response,
                                            const std::string& endpoint) {
  if (response.status == 511) {
    return Error(ErrorKind::try_later,
                 "the network on the way to " + endpoint + " requires a login first (HTTP 511)",
                 "open a page in a browser to log in, or ask the owner of the network");
  }
  if (response.status < 300 || response.status > 399) return std::nullopt;
  const std::string* location = http::find(response.headers, "location");
  const std::string target = location == nullptr ? "" : presentable(without_secrets(*location));
  return Error(
      ErrorKind::failed,
      cat(endpoint, " answered with a redirect", target.empty() ? "" : " to " + target, " (HTTP ",
          response.status, ")"),
      "IAM Roles Anywhere never redirects, and rolecall follows no redirect: a proxy or the "
      "login page of a network has answered, or the endpoint is another server");
}

std::string untrusted_hint(const identity::Identity& identity, std::chrono::sys_seconds now) {
  const identity::Requirements found =
      identity::check_requirements(identity.leaf, identity.chain, now);
  if (!found.unmet.empty()) {
    return "the service requires more of this certificate: " + join(found.unmet, "; ");
  }
  const identity::Certificate& top = identity.chain.empty() ? identity.leaf : identity.chain.back();
  return (found.doubtful.empty()
              ? "the certificate itself meets the service's requirements; "
              : "this may be the reason: " + join(found.doubtful, "; ") + ". Otherwise ") +
         "the trust anchor must have the CA \"" + top.issuer() + "\"" +
         (identity.chain.empty()
              ? " (if this CA is an intermediate, give its certificate with `intermediates`)"
              : "") +
         ", be enabled, and no imported CRL may list the certificate";
}

// The service's text names the attributes that the profile maps:
// "… Issuer: [ CN ]; Subject: [  ]; SAN: [ DNS/2 ]".
std::string mapping_hint(const std::string& text, const identity::Certificate& leaf) {
  if (std::string refused = identity::refused_tags(leaf); !refused.empty()) return refused;
  std::vector<identity::SessionTag> named;
  for (const auto& [word, field] : {std::pair("Issuer: [", "x509Issuer"),
                                    {"Subject: [", "x509Subject"},
                                    {"SAN: [", "x509SAN"}}) {
    const std::size_t at = text.find(word);
    if (at == std::string::npos) continue;
    std::string_view rest = std::string_view(text).substr(at + std::strlen(word));
    rest = rest.substr(0, rest.find(']'));
    while (!(rest = rest.substr(std::min(rest.find_first_not_of(", "), rest.size()))).empty()) {
      const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
      named.push_back({field, std::string(rest.substr(0, end)), ""});
      rest.remove_prefix(end);
    }
  }
  if (named.empty()) return "rolecall read-certificate-data --format text shows the certificate";
  return "a session tag can contain only letters, digits, spaces and _.:/=+-@; " +
         identity::remedy_for(named);
}

std::string hint_for(const ServiceAnswer& answer, int status, const identity::Identity& identity,
                     std::chrono::sys_seconds now) {
  const auto says = [&answer](std::string_view part) {
    return answer.text.find(part) != std::string::npos;
  };
  if (is_throttling(answer.name) || status == 429) {
    return "the quota is 10 CreateSession calls a second in an account and region, and less for "
           "one certificate or address; with `cache` or rolecall serve, rolecall sends fewer "
           "requests";
  }
  if (status >= 500) {
    return answer.name.empty() ? "the service, or a proxy or gateway in front of the service, has "
                                 "a problem; try again later"
                               : "the service has an internal problem; try again later";
  }
  if (says("Untrusted") || says("Insufficient certificate")) return untrusted_hint(identity, now);
  if (says("Invalid signature")) {
    return "check this machine's clock; a proxy that changes headers also makes the signature "
           "invalid";
  }
  if (says("roleSessionName")) {
    return "leave out `role-session-name`, or let the profile accept session names: aws "
           "rolesanywhere "
           "update-profile --profile-id ID --accept-role-session-name";
  }
  if (says("failed to be mapped")) return mapping_hint(answer.text, identity.leaf);
  if (says("Unable to assume role")) {
    return "the profile must be enabled and list the role; the role's trust policy must let "
           "rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and "
           "sts:SetSourceIdentity, and its conditions must match this certificate (rolecall policy "
           "prints such a trust policy); the role's MaxSessionDuration must not be below "
           "`session-duration`";
  }
  if (answer.name == "ResourceNotFoundException") {
    return "check `trust-anchor-arn` and `profile-arn`: both must exist in this region and "
           "account, and an alias may have been moved or deleted";
  }
  if (answer.name == "AccessDeniedException") {
    return "check that the trust anchor and the profile are enabled, and check the role's trust "
           "policy";
  }
  if (answer.name == "ValidationException") return "check the ARNs and `session-duration`";
  if (answer.name.empty()) {
    return "is the endpoint really IAM Roles Anywhere, or does a proxy answer instead?";
  }
  return "if this error stays, AWS support can look up the request id";
}

}  // namespace

bool is_outage(const Error& error) {
  if (const auto* refusal = dynamic_cast<const ServiceRefusal*>(&error)) return refusal->is_outage;
  return dynamic_cast<const Outage*>(&error) != nullptr;
}

bool is_from_service(const http::Response& response) {
  return response.status >= 400 && response.status != 511 && !read_answer(response).name.empty();
}

Error service_error(const http::Response& response, const std::string& endpoint,
                    const identity::Identity& identity, std::chrono::sys_seconds now) {
  if (const auto error = error_not_from_service(response, endpoint)) return *error;
  const ServiceAnswer answer = read_answer(response);
  std::string what = response.status < 500 ? "the service refused: " : "the service failed: ";
  what += answer.name.empty() ? "no error that IAM Roles Anywhere is known to send" : answer.name;
  if (!answer.text.empty()) what += ": " + answer.text;
  while (what.ends_with('.'))
    what.pop_back();
  what += cat(" (", endpoint, ", HTTP ", response.status);
  if (const std::string* id = http::find(response.headers, "x-amzn-requestid")) {
    what += ", request id " + presentable(*id);
  }
  what += ")";
  return {may_be_temporary(response.status, answer.name) ? ErrorKind::try_later : ErrorKind::failed,
          what, hint_for(answer, response.status, identity, now)};
}

}  // namespace rolecall::aws

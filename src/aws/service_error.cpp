// The service's errors as a user should read them. Declared in create_session.h.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "aws/create_session.h"
#include "base/codec.h"
#include "base/json.h"
#include "identity/demands.h"
#include "identity/session_tags.h"

namespace rolecall::aws {
namespace {

// Text from the network goes to a terminal and into logs: no control characters, no novels.
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
  std::string name;  // "AccessDeniedException"; empty where the answer is not the service's
  std::string text;
};

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
    if (!body.is_object()) return {};
    for (const char* name : names) {
      const auto found = body.find(name);
      if (found != body.end() && found->is_string()) return found->get<std::string>();
    }
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

bool may_pass(int status, std::string_view name) {
  return is_throttling(name) || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

std::string untrusted_hint(const identity::Identity& identity, std::chrono::sys_seconds now) {
  const identity::Requirements found =
      identity::check_requirements(identity.leaf, identity.chain, now);
  if (!found.unmet.empty()) {
    return "the service requires more of this certificate: " + identity::joined(found.unmet);
  }
  const identity::Certificate& top = identity.chain.empty() ? identity.leaf : identity.chain.back();
  return (found.doubtful.empty()
              ? "the certificate itself meets the service's requirements; "
              : "this may be the reason: " + identity::joined(found.doubtful) + ". Otherwise ") +
         "the trust anchor must hold the CA \"" + top.issuer() + "\"" +
         (identity.chain.empty() ? " (if that is an intermediate, give it with --intermediates)"
                                 : "") +
         ", be enabled, and no imported CRL may list the certificate";
}

// "… Issuer: [ CN ]; Subject: [  ]; SAN: [ DNS/2 ]" names the attributes that the profile maps.
std::string mapping_hint(const std::string& text, const identity::Certificate& leaf) {
  if (std::string unfit = identity::unfit_tags(leaf); !unfit.empty()) return unfit;
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
  return "a session tag takes letters, digits, blanks and _.:/=+-@ only; " +
         identity::remedy_for(named);
}

std::string hint_for(const ServiceAnswer& answer, int status, const identity::Identity& identity,
                     std::chrono::sys_seconds now) {
  const auto says = [&answer](std::string_view part) {
    return answer.text.find(part) != std::string::npos;
  };
  if (is_throttling(answer.name) || status == 429) {
    return "the account's quota is 10 CreateSession calls a second in a region; ask less often";
  }
  if (status >= 500) return "the service has a problem of its own; try again later";
  if (says("Untrusted") || says("Insufficient certificate")) return untrusted_hint(identity, now);
  if (says("Invalid signature")) {
    return "check this machine's clock; a proxy that changes headers breaks the signature, too";
  }
  if (says("roleSessionName")) {
    return "leave --role-session-name out, or let the profile accept it: aws rolesanywhere "
           "update-profile --profile-id ID --accept-role-session-name";
  }
  if (says("failed to be mapped")) return mapping_hint(answer.text, identity.leaf);
  if (says("Unable to assume role")) {
    return "the profile must be enabled and list the role; the role's trust policy must let "
           "rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and "
           "sts:SetSourceIdentity, and its conditions must fit this certificate";
  }
  if (answer.name == "ResourceNotFoundException") {
    return "check the ids in --trust-anchor-arn and --profile-arn: they must be in this region "
           "and account";
  }
  if (answer.name == "AccessDeniedException") {
    return "check that trust anchor and profile are enabled, and the role's trust policy";
  }
  if (answer.name == "ValidationException") return "check the ARNs and --session-duration";
  if (answer.name.empty()) {
    return "is the endpoint really IAM Roles Anywhere, or does a proxy answer for it?";
  }
  return "if it stays so, AWS support can look the request id up";
}

}  // namespace

Error service_error(const http::Response& response, const identity::Identity& identity,
                    std::chrono::sys_seconds now) {
  const ServiceAnswer answer = read_answer(response);
  std::string what = "the service refused: ";
  what += answer.name.empty() ? "no error that IAM Roles Anywhere is known to send" : answer.name;
  if (!answer.text.empty()) what += ": " + answer.text;
  while (what.ends_with('.'))
    what.pop_back();
  what += " (HTTP " + std::to_string(response.status);
  if (const std::string* id = http::find(response.headers, "x-amzn-requestid")) {
    what += ", request id " + presentable(*id);
  }
  what += ")";
  return {may_pass(response.status, answer.name) ? ErrorKind::try_later : ErrorKind::failed, what,
          hint_for(answer, response.status, identity, now)};
}

}  // namespace rolecall::aws

#include "serve/imds.h"

#include <optional>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"

namespace rolecall::serve {
namespace {

constexpr const char* ttl_header = "x-aws-ec2-metadata-token-ttl-seconds";
constexpr const char* token_header = "x-aws-ec2-metadata-token";
constexpr int longest_ttl = max_token_lifetime.count();

constexpr std::string_view roles = "/latest/meta-data/iam/security-credentials";

std::optional<int> ttl_of(const http::Request& request) {
  const std::string* text = http::find(request.headers, ttl_header);
  if (text == nullptr) return longest_ttl;
  const auto ttl = parse_number<int>(*text);
  return ttl && *ttl >= 1 && *ttl <= longest_ttl ? ttl : std::nullopt;
}

LoggedResponse issue_token(const http::Request& request, const ImdsTokens& tokens,
                           aws::Instant now) {
  const char* route = "imds/token";
  if (request.method != "PUT") return method_not_allowed(route, "PUT");
  const std::optional<int> ttl = ttl_of(request);
  if (!ttl) {
    return error_response(route, 400, "InvalidTTL",
                          cat(ttl_header, " must be a number from 1 to 21600"));
  }
  LoggedResponse logged = text_response(route, 200, tokens.issue(std::chrono::seconds(*ttl), now));
  logged.response.headers.push_back({ttl_header, std::to_string(*ttl)});
  return logged;
}

LoggedResponse give_credentials(const std::string& role, const Binding& binding, aws::Instant now) {
  const char* route = "imds/credentials";
  if (percent_decode(role) != binding.role_name()) {
    return error_response(route, 404, "NotFound", "there is no role of this name");
  }
  const auto status = binding.status();
  if (!status->valid(now)) return no_credentials(route, binding, *status, now);
  LoggedResponse logged = json_response(route, 200, {});
  logged.response.shared_body = status->issued->imds;
  logged.credentials_of = &binding;
  return logged;
}

LoggedResponse answer_with_token(const std::string& path, const Binding& binding,
                                 aws::Instant now) {
  if (path.starts_with(roles)) {
    const std::string rest = path.substr(roles.size());
    if (rest.empty() || rest == "/") {
      return text_response("imds/role", 200, binding.role_name());
    }
    if (rest.front() == '/') return give_credentials(rest.substr(1), binding, now);
  }
  if (path == "/latest/meta-data/placement/region") {
    return text_response("imds/region", 200, binding.region());
  }
  if (path == "/latest/dynamic/instance-identity/document") {
    return json_response("imds/region", 200, Secret(to_text(json{{"region", binding.region()}})));
  }
  return error_response("imds/other", 404, "NotFound", "there is nothing at this path");
}

}  // namespace

LoggedResponse answer_imds(const http::Request& request, const Binding& binding,
                           const ImdsTokens& tokens, aws::Instant now) {
  if (request.path == "/latest/api/token") return issue_token(request, tokens, now);
  if (request.method != "GET") return method_not_allowed("imds/other", "GET");
  const std::string* token = http::find(request.headers, token_header);
  if (token == nullptr || !tokens.valid(*token, now)) {
    return error_response("imds/unauthorized", 401, "Unauthorized",
                          token == nullptr
                              ? "the request has no token; PUT /latest/api/token gives one"
                              : "the token is unknown or has expired");
  }
  return answer_with_token(request.path, binding, now);
}

}  // namespace rolecall::serve

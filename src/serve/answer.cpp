#include "serve/answer.h"

#include "base/json.h"
#include "base/time.h"

namespace rolecall::serve {
namespace {

Answer with_body(std::string_view route, int status, const char* type, Secret body) {
  Answer answer;
  answer.route = route;
  answer.response.status = status;
  answer.response.headers.reserve(4);
  answer.response.headers.push_back({"Content-Type", type});
  answer.response.body = std::move(body);
  return answer;
}

}  // namespace

Answer text_answer(std::string_view route, int status, std::string_view body) {
  return with_body(route, status, "text/plain", Secret(body));
}

Answer json_answer(std::string_view route, int status, Secret body) {
  return with_body(route, status, "application/json", std::move(body));
}

Answer refusal(std::string_view route, int status, std::string_view code,
               std::string_view message) {
  const json body = {{"code", code}, {"message", message}};
  Answer answer = json_answer(route, status, Secret(to_text(body)));
  answer.refusal = message;
  return answer;
}

Answer wrong_method(std::string_view route, std::string_view allowed) {
  Answer answer =
      refusal(route, 405, "MethodNotAllowed", "this path takes " + std::string(allowed) + " alone");
  answer.response.headers.push_back({"Allow", std::string(allowed)});
  return answer;
}

Answer no_credentials(std::string_view route, const Binding& binding, const BindingStatus& status,
                      aws::Instant now) {
  std::string message = "there are no valid credentials of " + binding.name();
  if (status.issued) {
    message += ": they ended at " + rfc3339(status.issued->expiration) +
               ", and this machine's clock says " +
               rfc3339(std::chrono::floor<std::chrono::seconds>(now.wall));
  }
  if (const auto silent = binding.silent_hardware()) {
    message += "; a renewal waits: " + silent->text();
  } else if (!status.failure.empty()) {
    message += "; the last renewal failed: " + status.failure;
  }
  return refusal(route, 503, "CredentialsUnavailable", message);
}

}  // namespace rolecall::serve

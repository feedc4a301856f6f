#include "serve/answer.h"

#include "base/json.h"
#include "base/text.h"
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

std::string advice(const Binding& binding, const BindingStatus& status) {
  if (const auto silent = binding.silent_hardware()) {
    return silence(*silent) + ": try again later; the log of rolecall serve names it";
  }
  if (status.failure.empty()) return "the first ones are on their way: try again in a few seconds";
  switch (status.failure_kind) {
    case ErrorKind::failed:
      return "IAM Roles Anywhere has refused to renew them: the log of rolecall serve says why";
    case ErrorKind::usage:
      return "its certificate, key or settings cannot be used: the log of rolecall serve says why";
    case ErrorKind::try_later:
      break;
  }
  return "IAM Roles Anywhere could not be asked for new ones: try again later";
}

}  // namespace

std::string silence(const SilentHardware& hardware) {
  return cat("the token or TPM with the key has not answered in ", hardware.time.count(), " s");
}

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

Answer method_not_allowed(std::string_view route, std::string_view allowed) {
  Answer answer = refusal(route, 405, "MethodNotAllowed", cat("this path takes only ", allowed));
  answer.response.headers.push_back({"Allow", std::string(allowed)});
  return answer;
}

Answer no_credentials(std::string_view route, const Binding& binding, const BindingStatus& status,
                      aws::Instant now) {
  std::string message = "there are no valid credentials for the binding " + binding.name();
  if (status.issued) {
    message += ": they expired at " + rfc3339(status.issued->expiration) +
               ", and this machine's clock says " +
               rfc3339(std::chrono::floor<std::chrono::seconds>(now.wall));
  }
  message += "; " + advice(binding, status);
  return refusal(route, 503, "CredentialsUnavailable", message);
}

}  // namespace rolecall::serve

#include "serve/logged_response.h"

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::serve {
namespace {

LoggedResponse response_with_body(std::string_view route, int status, const char* type,
                                  Secret body) {
  LoggedResponse logged;
  logged.route = route;
  logged.response.status = status;
  logged.response.headers.reserve(4);
  logged.response.headers.push_back({"Content-Type", type});
  logged.response.body = std::move(body);
  return logged;
}

std::string renewal_state(const Binding& binding, const BindingStatus& status) {
  if (const auto silent = binding.silent_hardware()) {
    return silent_hardware_text(*silent) +
           ": try again later; the log of rolecall serve names the token or TPM";
  }
  if (status.failure.empty())
    return "rolecall serve is requesting new ones: try again in a few seconds";
  switch (status.failure_kind) {
    case ErrorKind::failed:
      return "IAM Roles Anywhere refused the renewal: the log of rolecall serve says why";
    case ErrorKind::usage:
      return "the certificate, key or settings of the binding cannot be used: the log of "
             "rolecall serve says why";
    case ErrorKind::try_later:
      break;
  }
  return "the last renewal failed for a reason that may pass: try again later";
}

}  // namespace

std::string silent_hardware_text(const SilentHardware& hardware) {
  return cat("the token or TPM with the key has not answered in ", hardware.silent_for.count(),
             " s");
}

LoggedResponse text_response(std::string_view route, int status, std::string_view body) {
  return response_with_body(route, status, "text/plain", Secret(body));
}

LoggedResponse json_response(std::string_view route, int status, Secret body) {
  return response_with_body(route, status, "application/json", std::move(body));
}

LoggedResponse error_response(std::string_view route, int status, std::string_view code,
                              std::string_view message) {
  const json body = {{"code", code}, {"message", message}};
  LoggedResponse logged = json_response(route, status, Secret(to_text(body)));
  logged.refusal_reason = message;
  return logged;
}

LoggedResponse method_not_allowed(std::string_view route, std::string_view allowed) {
  LoggedResponse logged = error_response(route, 405, "MethodNotAllowed",
                                         cat("the only method for this path is ", allowed));
  logged.response.headers.push_back({"Allow", std::string(allowed)});
  return logged;
}

LoggedResponse no_credentials(std::string_view route, const Binding& binding,
                              const BindingStatus& status, aws::Instant now) {
  std::string message = "there are no valid credentials for the binding " + binding.name();
  if (status.issued) {
    message += ": they expired at " + rfc3339(status.issued->expiration) +
               ", and this machine's clock says " +
               rfc3339(std::chrono::floor<std::chrono::seconds>(now.wall));
  }
  message += "; " + renewal_state(binding, status);
  return error_response(route, 503, "CredentialsUnavailable", message);
}

}  // namespace rolecall::serve

// What a handler returns for a request: the response, and what is counted and logged about it.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "serve/binding.h"

namespace rolecall::serve {

struct LoggedResponse {
  std::string_view route;  // for the counters; a literal, never text from outside
  http::Response response;
  // The binding whose credentials are in the response; nullptr: no credentials are in it.
  const Binding* credentials_of = nullptr;
  std::string refusal_reason;  // why the request was refused; empty if it was not
};

LoggedResponse text_response(std::string_view route, int status, std::string_view body);
LoggedResponse json_response(std::string_view route, int status, Secret body);

// An error response with a JSON body {"code":…,"message":…}, as the container credentials endpoint
// sends it.
LoggedResponse error_response(std::string_view route, int status, std::string_view code,
                              std::string_view message);
// Status 405, with the only method that the path allows.
LoggedResponse method_not_allowed(std::string_view route, std::string_view allowed);
// Status 503, which SDKs try again. The body says what kind of failure the last renewal had. Only
// the log has the reason, because file names and other details are not for clients.
LoggedResponse no_credentials(std::string_view route, const Binding& binding,
                              const BindingStatus& status, aws::Instant now);

// Says that the token or TPM does not answer, and for how long. The hardware's name is left out,
// because it may be the path of a file.
std::string silent_hardware_text(const SilentHardware& hardware);

}  // namespace rolecall::serve
